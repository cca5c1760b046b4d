"""The command of the wheel: it finds its subcommands, and says what is wrong with one that it has not."""

from __future__ import annotations

import pytest
from spotify_pipeline.cli.main import COMMANDS, main


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_by_the_name_that_it_is_called_by(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: spotify-source {command} ")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {command}" in out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [([], "no command is given"), (["laod"], "Did you mean load?"), (["--demo"], "unknown command '--demo'.")],
)
def test_what_is_no_command_ends_with_78_and_a_hint(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 78
    assert says in capsys.readouterr().err
