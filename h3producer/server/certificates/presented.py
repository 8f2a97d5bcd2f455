"""Which certificate a server presents: the one it was given, or this machine's own.

This file knows the one decision, and says what was decided. It refuses to know how certificates
are read or made. Its one rule: a self-made certificate never leaves the loopback interface.
"""

from __future__ import annotations

import ipaddress
import logging
from typing import TYPE_CHECKING

from h3producer.config import Config, ConfigError
from h3producer.server.certificates.credentials import Credentials, load_credentials
from h3producer.server.certificates.files import CertificateFiles, state_directory
from h3producer.server.certificates.hints import chrome_line, curl_line, get_line, url_of
from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["presented_credentials"]

logger = logging.getLogger("h3producer.error")


def presented_credentials(config: Config, addresses: Sequence[tuple[str, int]]) -> Credentials:
    """The credentials for a server that is bound to `addresses`.

    Raises `ConfigError` if none are named and an address can be reached from elsewhere, and
    `StartupError` if they cannot be read or made.
    """
    if config.certfile is not None:
        credentials = load_credentials(config.certfile, config.keyfile, config.keyfile_password)
        if credentials.is_expired:
            logger.warning("The certificate '%s' has expired.", config.certfile)
        return credentials
    for host, _ in addresses:
        if not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            raise ConfigError(
                f"A certificate is needed to serve on {host}; give --ssl-certfile and "
                f"--ssl-keyfile (only loopback addresses get a development certificate)."
            )
    return _development_credentials(config, addresses)


def _development_credentials(config: Config, addresses: Sequence[tuple[str, int]]) -> Credentials:
    files = CertificateFiles.in_directory(state_directory())
    try:
        made_now = files.ensure()
    except OSError as error:
        raise StartupError(
            f"Cannot make a development certificate in '{files.certfile.parent}': "
            f"{error.strerror}; give --ssl-certfile and --ssl-keyfile."
        ) from error
    credentials = load_credentials(files.certfile, files.keyfile)
    _explain(credentials, files, made_now, _name_and_port(config, addresses))
    return credentials


def _explain(
    credentials: Credentials, files: CertificateFiles, made_now: bool, where: tuple[str, int]
) -> None:
    host, port = where
    url, certificate = url_of(host, port), credentials.certificate
    logger.info(
        "No certificate was given: %s '%s', which is for this machine only, until %s.",
        "made" if made_now else "using",
        files.certfile,
        f"{certificate.not_valid_after_utc:%Y-%m-%d}",
    )
    logger.info("Look: %s", get_line(url))
    logger.info("Look: %s", curl_line(url, files.certfile))
    logger.info("Look: %s", chrome_line(host, port, certificate))


def _name_and_port(config: Config, addresses: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """How to name the server in a URL: as the user did, if that is one name and one port."""
    host, port = addresses[0]
    return (host if config.bind else config.host), port
