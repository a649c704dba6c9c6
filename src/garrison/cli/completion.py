"""`garrison completion`, and what options offer to be completed: looked up when a shell asks, and nothing more."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from garrison.cli import COMPLETE


@click.command(
    name="completion",
    epilog="""\b
Examples:
  eval "$(garrison completion bash)"                                        in ~/.bashrc
  eval "$(garrison completion zsh)"                                         in ~/.zshrc
  garrison completion fish > ~/.config/fish/completions/garrison.fish       once""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete commands, options, checks, formats and frameworks."""
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - click has all three
    # Not `found.source()`: that of Bash starts a shell, only to warn of versions before 4.4.
    click.echo(ShellComplete.source(found(ctx.find_root().command, {}, "garrison", COMPLETE)), nl=False)


def check_ids(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The checks whose ids begin so, each with what it finds."""
    del ctx, parameter
    from garrison.checks.check import all_checks

    return [CompletionItem(c.id, help=c.title) for c in all_checks() if c.id.startswith(incomplete)]


def frameworks(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The frameworks whose names begin so, in whatever case."""
    del ctx, parameter
    from garrison.checks.frameworks import framework, framework_keys

    found = (framework(key) for key in framework_keys() if key.lower().startswith(incomplete.lower()))
    return [CompletionItem(f.key, help=f.title) for f in found]


def kinds(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The kinds of asset whose names begin so, in whatever case."""
    del ctx, parameter
    from garrison.estate.assets import kinds as all_kinds

    return sorted(name for name in all_kinds() if name.lower().startswith(incomplete.lower()))
