#!/bin/sh
# Any other machine: run the campaign beside this file, and say in words how it ended.
cd "$(dirname "$0")" || exit 254
splitbrain campaign campaign.toml --deadline 20m "$@"
code=$?
case $code in
  0) echo "as expected" ;;
  1) echo "a surprise: look at campaigns/latest/report.html" ;;
  2) echo "nothing refuted, but not all could be decided" ;;
  3) echo "the machines failed, not the system" ;;
  130) echo "interrupted: go on with 'splitbrain campaign --resume campaigns/latest'" ;;
  *) echo "the campaign could not be started" ;;
esac >&2
exit $code
