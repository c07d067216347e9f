# Installs the agent on a server with cPanel & WHM. What stands before this in the script that the relay serves sets
# RELAY_URL, RELAY_SECRET and RELAY_SOURCE, and defines `payload`. RELAY_ROOT is a prefix of all paths, for tests.

panel_is_here() {
  [ -x "$ROOT/usr/local/cpanel/bin/manage_hooks" ]
}

main() {
  NAME=cpanel LABEL='cPanel & WHM'
  eval "$(payload relay-install.sh)"
  install_all cpanel-hook.py hooks.json
}
