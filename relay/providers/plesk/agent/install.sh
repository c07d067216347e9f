# Installs the agent on a server with Plesk. What stands before this in the script that the relay serves sets
# RELAY_URL, RELAY_SECRET and RELAY_SOURCE, and defines `payload`. RELAY_ROOT is a prefix of all paths, for tests.

panel_is_here() {
  command -v plesk >/dev/null 2>&1
}

main() {
  NAME=plesk LABEL=Plesk
  eval "$(payload relay-install.sh)"
  install_all relay-hook.py hooks.json
}
