"""An Iceberg catalog as pyiceberg is configured with it: found, tried, and its errors in words. Knows no table's content."""

from __future__ import annotations

import errno
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import duckdb

from spotify_pipeline.destinations.base import DestinationUnavailableError
from spotify_pipeline.destinations.driver_errors import driver_exception, redact_passwords, translate_driver_error
from spotify_pipeline.places import installing, requirement
from spotify_source.errors import ConfigurationError, SpotifySourceError

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

HELP_URL: Final = "https://py.iceberg.apache.org/configuration/"
_MAINTENANCE_URL: Final = "https://iceberg.apache.org/docs/latest/maintenance/"
_SECRET: Final = re.compile(r"password|secret|token|credential|access-key|\bkey\b|signature|sas")
_UNWRITABLE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR})
# What an object store says in words alone.
_REFUSED: Final = re.compile(
    r"access.?denied|forbidden|no such bucket|invalid.?access.?key|signature|credentials", re.IGNORECASE
)

_ERRNO: Final = re.compile(r"^\[Errno \d+\] ")


class IcebergRefusedError(ConfigurationError):
    """An Iceberg catalog, or its warehouse, is not configured so that it can be written."""

    help_url = HELP_URL


class ForeignTablesError(ConfigurationError):
    """The tables in the catalog hold what this database does not have, and would lose it."""

    guidance = (
        "It was written from another database, or this one was replaced or restored. Export under another name with "
        "--dataset or to another catalog; or, if what is there may go, drop the tables in the catalog."
    )
    help_url = HELP_URL


def load(name: str) -> Catalog:
    """The catalog of this name, as pyiceberg is configured with it.

    Raises:
        ConfigurationError: pyiceberg is not installed, or not configured with such a catalog.
        DestinationUnavailableError: The catalog can't be reached.
    """
    try:
        import pyiceberg  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(
            "--iceberg needs pyiceberg, which is not installed.",
            guidance=f"Install it: {installing(requirement('iceberg'))}. "
            "Without --iceberg, everything else works as it is.",
        ) from None
    with told_for(name):
        from pyiceberg.catalog import load_catalog  # noqa: PLC0415 - the same

        return load_catalog(name, **_configured(name))


def check(name: str, namespace: str) -> None:
    """See before any call is spent whether the catalog and its warehouse can be written. Creates the namespace.

    Args:
        name: The catalog.
        namespace: The namespace that will be exported to.

    Raises:
        ConfigurationError: They can't.
        DestinationUnavailableError: They can't be reached.
    """
    from spotify_pipeline.after_load.iceberg_schema import first_table  # noqa: PLC0415 - needs pyiceberg

    catalog = load(name)
    with told_for(name):
        catalog.create_namespace_if_not_exists(namespace)
        table = first_table(catalog, namespace)
        trial = f"{table.location()}/data/.written-by-a-check-{uuid4().hex}"
        with table.io.new_output(trial).create() as stream:
            stream.write(b"0")
        table.io.delete(trial)


@contextmanager
def told_for(name: str) -> Iterator[None]:
    """Say what pyiceberg and what stands below it raise as errors of ours; what they log or warn of is not for people.

    Args:
        name: The catalog.
    """
    logging.getLogger("pyiceberg").addHandler(logging.NullHandler())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SpotifySourceError:
        raise
    except Exception as error:
        understood = _understood(name, error)
        if understood is None:
            raise
        raise understood from None


def busy(name: str, table: str) -> DestinationUnavailableError:
    """A table that another program writes again and again."""
    failed = DestinationUnavailableError(
        f"--iceberg {name}: another program keeps writing to {table}, so that nothing could be committed.",
        guidance="Run it again when that program has ended: the next export writes what is missing.",
    )
    failed.help_url = _MAINTENANCE_URL
    return failed


def _configured(name: str) -> Mapping[str, str]:
    """What pyiceberg is configured with, read anew: it reads the environment but once.

    Raises:
        IcebergRefusedError: Nothing, for this name.
    """
    from pyiceberg.utils.config import Config  # noqa: PLC0415 - an extra

    config = Config()
    found = config.get_catalog_config(name)
    if found is None:
        known = ", ".join(sorted(config.get_known_catalogs())) or "none"
        variable = f"PYICEBERG_CATALOG__{name.upper().replace('-', '_')}__URI"
        raise IcebergRefusedError(
            f"--iceberg: pyiceberg knows no catalog {name!r} (it knows: {known}).",
            guidance=f"Describe it in .pyiceberg.yaml, in this folder or in your home folder, or set {variable}.",
        )
    return {key: str(value) for key, value in found.items()}


def _understood(name: str, error: Exception) -> SpotifySourceError | None:
    """What an exception means; None where it is none of the catalog's."""
    said = _said(name, error)
    if isinstance(error, ImportError):
        return _refused(name, f"needs a package that is not installed: {said}")
    driver = driver_exception(error)
    if isinstance(driver, duckdb.Error):
        return None
    if driver is not None:
        lasting: bool | None = isinstance(translate_driver_error(driver), ConfigurationError)
    else:
        lasting = _is_lasting(error, said)
    if lasting is None:
        return None
    return _refused(name, said) if lasting else _unavailable(name, said)


def _is_lasting(error: Exception, said: str) -> bool | None:
    """Whether it stays as it is until somebody changes something; None where it is none of the catalog's."""
    from pyiceberg import exceptions  # noqa: PLC0415 - an extra
    from requests import RequestException  # noqa: PLC0415 - takes time to import

    passing = (RequestException, exceptions.ServerError, exceptions.ServiceUnavailableError)
    if isinstance(error, (*passing, exceptions.CommitStateUnknownException)):
        return False
    if isinstance(error, OSError):
        return error.errno in _UNWRITABLE or _REFUSED.search(said) is not None
    theirs = type(error).__module__.partition(".")[0] in {
        "pyiceberg",
        "sqlalchemy",
        "strictyaml",
        "pyarrow",
        "pydantic",
    }
    return True if theirs or isinstance(error, ValueError) else None


def _said(name: str, error: Exception) -> str:
    """What it says, in one line and without anything secret of the catalog's configuration."""
    from requests import RequestException  # noqa: PLC0415 - takes time to import

    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = _ERRNO.sub("", lines[0]) if lines else type(error).__name__
    if isinstance(error, OSError) and not isinstance(error, RequestException):
        text = f"its warehouse can't be used: {text}"
    with suppress(Exception):
        for key, value in _configured(name).items():
            if len(value) > 3 and _SECRET.search(key):
                text = text.replace(value, "***")
    return redact_passwords(text)[:300]


def _refused(name: str, said: str) -> IcebergRefusedError:
    return IcebergRefusedError(
        f"--iceberg {name}: {said}",
        guidance="Fix the catalog in .pyiceberg.yaml, or PYICEBERG_CATALOG__... in the environment; or leave out --iceberg.",
    )


def _unavailable(name: str, said: str) -> DestinationUnavailableError:
    failed = DestinationUnavailableError(
        f"--iceberg {name}: {said}",
        guidance="Run it again when it is back: the next export writes what is missing. See also the catalog in "
        ".pyiceberg.yaml, or PYICEBERG_CATALOG__... in the environment.",
    )
    failed.help_url = HELP_URL
    return failed
