#!/bin/sh
# Load from cron. Without output, so that cron sends no mail, if the run is complete (0) or has to be continued by the
# next one (75). Otherwise it prints the output of load.py and exits with its code.
#
# crontab -e (cron does not activate a virtual environment, so set its Python; the credentials are in .dlt/secrets.toml
# of the checkout):
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
