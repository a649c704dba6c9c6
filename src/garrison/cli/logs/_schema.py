"""`garrison logs schema`."""

from __future__ import annotations

import click


@click.command(
    epilog="""\b
Example:
  garrison logs schema --cluster logs | clickhouse-client --host clickhouse.example --multiquery
"""
)
@click.option("--cluster", required=True, metavar="NAME", help="What the cluster is called in its own configuration.")
def schema(cluster: str) -> None:
    """Print the statements that make the tables and roles of a ClickHouse cluster, for whoever runs it.

    They may be run again. A user of each of the roles garrison_reader, garrison_writer and garrison_admin is yours to make.
    """
    from garrison.watch.store import samples, schema

    for statement in (*schema.clustered(cluster), *samples.clustered(cluster), *schema.granted(cluster)):
        click.echo(f"{statement};")
