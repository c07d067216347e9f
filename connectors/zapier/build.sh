#!/bin/sh
# Checks or packs the Zapier app with Zapier's own command line, without an account and without sending anything.
#   build.sh validate
#   build.sh package [public|private]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work="$root/var/zapier"
app="$work/app"
profile=${2:-public}

case "$profile" in public | private) ;; *)
  echo "zapier: the profile is public or private; it is $profile" >&2
  exit 2
  ;;
esac

# The command line needs Node 22, and is too large to be installed with the app.
zapier() {
  DISABLE_ZAPIER_ANALYTICS=1 npx --yes --package=node@22 --package=zapier-platform-cli@19.1.0 -- zapier-platform "$@"
}

echo "Preparing the $profile app in $app ..."
rm -rf "$app"
mkdir -p "$app"
cd "$here"
cp -R index.js catalogue.json package.json package-lock.json lib .zapierapprc .gitignore "$app/"
printf '{ "profile": "%s" }\n' "$profile" > "$app/profile.json"
cd "$app"
npm ci --silent --no-audit --no-fund --omit=dev --ignore-scripts

case "${1:-}" in
  validate)
    node "$here/lint.js"
    zapier validate --without-style
    ;;
  package)
    zapier build --skip-validation --skip-dep-install
    cp build/build.zip build/source.zip "$work/"
    echo "Packed: $work/build.zip and $work/source.zip. Next: connectors/zapier/README.md, step 4."
    ;;
  *)
    echo "zapier: say what to do: build.sh validate, or build.sh package [public|private]" >&2
    exit 2
    ;;
esac
