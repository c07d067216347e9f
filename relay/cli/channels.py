"""Channels for messages to people, and what the messages say."""

import sys
from typing import Any

import click

from relay.catalogue.vocabulary import catalogue
from relay.cli.context import here, json_option, table
from relay.errors import NotFound
from relay.formats import jsontext
from relay.model import new_id, now_ms
from relay.notify import channels, message, quiet_hours, sending
from relay.notify.localized import LANGUAGES, language_of
from relay.storage import events
from relay.storage.channels import Channel, listed
from relay.storage.sent_messages import PER_CHANNEL_HOUR

_INCIDENT = "monitor.down"


@click.group("channel")
def channel_group() -> None:
    """Where messages to people go: e-mail, SMS, chat."""


@channel_group.command("add")
@click.argument("name")
@click.argument("url")
@click.option("--quiet", help="Hours in which only urgent messages are sent, such as 22:00-07:00.")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of the hours and of times in messages.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of ready messages.")
@click.option("--per-hour", default=20, show_default=True, help="Messages that one recipient gets at most.")
@click.option(
    "--per-channel-hour",
    default=PER_CHANNEL_HOUR,
    show_default=True,
    help="Messages asked for through API keys at most, to all recipients together.",
)
@click.option("--signature", help="Last line of ready messages, such as your company's name.")
@click.option("--approval-links", is_flag=True, help="Messages about a run that waits have the link to approve it.")
def add_channel(name: str, url: str, **settings: Any) -> None:
    """Add a channel, or set it anew. URL is an address as apprise writes it; - reads it from standard input."""
    if url == "-":
        url = sys.stdin.readline()
    with here() as workspace:
        channel = channels.add(workspace, Channel(workspace.id, name, url, **settings))
    click.echo(f"The channel is kept ({channels.shown(channel)['service']}). Try it: relay channel test {name!r}")


@channel_group.command("list")
@json_option
def list_channels(as_json: bool) -> None:
    """The channels. Their addresses are not shown: they hold passwords."""
    with here() as workspace, workspace.database.read() as connection:
        rows = [channels.shown(each) for each in listed(connection, workspace.vault, workspace.id)]
    columns = ("name", "service", "kind", "language", "quiet", "zone", "per_hour", "per_channel_hour")
    table(rows, columns, as_json, "No channels yet. Add one: relay channel add NAME URL")


@channel_group.command("remove")
@click.argument("name")
def remove_channel(name: str) -> None:
    """Remove a channel."""
    with here() as workspace:
        channels.remove(workspace, name)
    click.echo("The channel was removed.")


@channel_group.command("test")
@click.argument("name")
@click.option("--to", help="Address or number to send to, where the channel sends to one person.")
def test_channel(name: str, to: str | None) -> None:
    """Send a test message now, quiet hours or not."""
    with here() as workspace:
        channel = channels.get(workspace, name)
        language = language_of(channel.language)
        way = sending.way_of(channel, to)
        post = sending.Post(new_id("test"), workspace.config.allow_private_sources)
        said = message.own(language.test_subject, language.test_text.format(name=name))
        sending.send(channel, way, said, post)
        with workspace.database.write() as connection:
            workspace.note(connection, now_ms(), "channel.tested", name)
    click.echo(f"{way.label} accepted the message.")


@channel_group.command("preview")
@click.argument("template", type=click.Choice(list(message.TEMPLATES)))
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--zone", default="UTC", show_default=True, help="Time zone of the times in it.")
@click.option("--event", "event_id", help="Id of the event that fills it; without one an example does.")
@json_option
def preview(template: str, language: str, zone: str, event_id: str | None, as_json: bool) -> None:
    """Print what a ready message says: its subject, its text, and what an SMS says. Nothing is sent."""
    if event_id is None:
        told = (message.TEMPLATES[template] or (_INCIDENT,))[0]
        envelope = catalogue().sample(catalogue().types[told])
    else:
        with here() as workspace, workspace.database.read() as connection:
            stored = events.get(connection, workspace.id, event_id)
        if stored is None:
            raise NotFound(f"There is no event {event_id[:64]!r}. `relay events` shows the newest.")
        envelope = jsontext.loads(stored.body)
    said = message.filled(template, language, envelope, zone=quiet_hours.checked_zone(zone))
    if as_json:
        click.echo(jsontext.dumps({"subject": said.subject, "text": said.text, "sms": said.short}).decode())
        return
    click.echo(f"{click.style(said.subject, bold=True)}\n\n{said.text}\n\nAs an SMS: {said.short}")


COMMANDS = (channel_group,)
