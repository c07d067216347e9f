"""The derived files, and a new provider."""

import click

from relay.develop import generate, scaffold


@click.command("generate")
@click.option("--check", is_flag=True, help="Write nothing; say what is not up to date.")
def generate_command(check: bool) -> None:
    """Write the derived files: docs and goldens follow from schemas and providers."""
    drift = generate.run(click.get_current_context().find_root().command, write=not check)
    for each in drift:
        click.echo(f"{each.state:8} {each.path}")
    if check and drift:
        click.echo("relay: derived files are not up to date; mend them with: relay generate", err=True)
        raise click.exceptions.Exit(1)
    if not drift:
        click.echo("All derived files are up to date.")


@click.command("new-provider")
@click.argument("name")
@click.option("--label", prompt="What its owner calls it", help="As its owner spells it, such as PayPal.")
@click.option("--kind", type=click.Choice(scaffold.KINDS), prompt="What it is", help="What it is.")
@click.option(
    "--homepage", prompt="Where its events are documented (https://...)", help="Where its events are documented."
)
@click.option(
    "--proof",
    type=click.Choice(list(scaffold.PROOFS)),
    prompt="How it proves itself",
    help="hmac: it signs the body. standard: by Standard Webhooks. token, basic: it signs nothing.",
)
def new_provider_command(name: str, label: str, kind: str, homepage: str, proof: str) -> None:
    """Begin a provider's folder. Then run the tests: each failure says what comes next."""
    for path in scaffold.write(name, label, kind, homepage, proof):
        click.echo(f"written  {path.relative_to(generate.ROOT)}")
    click.echo(f"Next: make test ONLY={name}")


COMMANDS = (
    generate_command,
    new_provider_command,
)
