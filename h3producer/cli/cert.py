"""`h3producer cert`: make a development certificate, and say how to use it.

This file knows one command. It refuses to know what is in a certificate
(`server/certificates/`).
"""

from __future__ import annotations

from pathlib import Path

import click

from h3producer.config import Config
from h3producer.server.certificates.development import (
    LOOPBACK_HOSTS,
    MAX_DAYS,
    DevelopmentCertificate,
    certificate_hash,
    make_development_certificate,
    spki_pin,
)
from h3producer.server.certificates.files import CertificateFiles
from h3producer.server.certificates.hints import chrome_line, curl_line, url_of

__all__ = ["cert"]

_HELP = f"""Make an ECDSA P-256 certificate for development, and its private key.

Browsers accept it by its hash, since it is valid for at most {MAX_DAYS} days. An existing key
is not overwritten unless its certificate has expired or --force is given.
"""


@click.command(help=_HELP)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to put the two files; default: here.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help=f"DNS name or IP address, repeatable; default: {', '.join(LOOPBACK_HOSTS)}.",
)
@click.option("--days", type=int, default=MAX_DAYS, help=f"Validity, 1 to {MAX_DAYS} days.")
@click.option("--force", is_flag=True, help="Overwrite an existing key.")
def cert(out: Path, hosts: tuple[str, ...], days: int, force: bool) -> None:
    """See `_HELP`."""
    names = hosts or LOOPBACK_HOSTS
    try:
        made = make_development_certificate(names, days=days)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    files = CertificateFiles.in_directory(out, names[0])
    try:
        files.write(made, force=force)
    except FileExistsError as error:
        raise click.ClickException(f"{error}; --force overwrites it.") from None
    except OSError as error:
        raise click.ClickException(f"Cannot write to '{out}': {error.strerror}.") from None
    click.echo(_describe(files, made, names[0]))


def _describe(files: CertificateFiles, made: DevelopmentCertificate, host: str) -> str:
    certificate, url = made.certificate, url_of(host, Config.port)
    until = f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    return (
        f"certificate  {files.certfile}  (until {until})\n"
        f"private key  {files.keyfile}  (mode 0600)\n"
        f"SPKI pin     {spki_pin(certificate)}\n"
        f"SHA-256      {certificate_hash(certificate)}\n\n"
        f"serve   h3producer APP --certfile {files.certfile} --keyfile {files.keyfile}\n"
        f"curl    {curl_line(url, files.certfile)}\n"
        f"Chrome  {chrome_line(host, Config.port, certificate)}"
    )
