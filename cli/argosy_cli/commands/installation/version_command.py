"""``argosy version``."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def command(output: str) -> None:
    """Print the versions of Argosy, Python and, if it is installed, kfp."""
    import platform  # no other command needs it

    from argosy_schemas.versions import get_installed_version

    versions = {
        "argosy": get_installed_version("argosy"),
        "python": platform.python_version(),
        "kfp": get_installed_version("kfp"),
    }
    if output == "json":
        from argosy_schemas.values import to_json

        click.echo(to_json(versions))
        return
    for name, version in versions.items():
        click.echo(f"{name} {version or 'not installed'}")
