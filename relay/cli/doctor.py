"""Whether all is well, and what to do."""

import click

from relay.areas.findings import BROKEN
from relay.cli.context import json_option, table
from relay.running import doctor


@click.command("doctor")
@json_option
def doctor_command(as_json: bool) -> None:
    """What is configured, reachable, stale or silent, and what to do."""
    findings = doctor.examine()
    rows = [{"state": each.state, "what": each.what, "found": each.found, "do": each.remedy} for each in findings]
    table(rows, ("state", "what", "found", "do"), as_json, "")
    if any(each.state == BROKEN for each in findings):
        raise click.exceptions.Exit(1)


COMMANDS = (doctor_command,)
