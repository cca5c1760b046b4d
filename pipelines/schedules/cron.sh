#!/bin/sh
# Runs load.py from cron. It prints nothing if the run is complete (0) or has to be continued (75), so that cron sends no
# mail. Otherwise, it prints the output of load.py and returns its exit code.
#
# crontab -e (cron does not activate a virtual environment; credentials: .dlt/secrets.toml of the clone):
# PYTHON=/home/me/spotify/.venv/bin/python
# 17 6,18 * * *  /home/me/spotify/pipelines/schedules/cron.sh --db /home/me/spotify.duckdb

load="$(dirname "$0")/../load.py"
output=$("${PYTHON:-python3}" "$load" "$@" 2>&1)
code=$?
case $code in
  0 | 75) exit 0 ;;
esac
printf '%s\n' "$output"
exit "$code"
