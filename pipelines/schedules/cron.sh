#!/bin/sh
# Loads from cron. Silent, so that cron mails nothing, where all is loaded (0) or the rest is pending or another run is
# at work (75: the next run goes on); otherwise it prints what load.py said, and exits as load.py did.
#
# crontab -e (cron knows no virtual environment: name its Python; credentials are in .dlt/secrets.toml of the checkout):
# PYTHON=/home/me/spotify/.venv/bin/python
# 17 6,18 * * *  /home/me/spotify/pipelines/schedules/cron.sh --db /home/me/spotify.duckdb

load="$(dirname "$0")/../load.py"
said=$("${PYTHON:-python3}" "$load" "$@" 2>&1)
code=$?
case $code in
  0 | 75) exit 0 ;;
esac
printf '%s\n' "$said"
exit "$code"
