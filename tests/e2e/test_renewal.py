"""A certificate is renewed while clients are there: the new one is for those who come then."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from h3producer.client.connection import connect
from h3producer.client.errors import ClientError
from h3producer.client.target import Target
from h3producer.server.certificates.development import make_development_certificate
from h3producer.server.certificates.files import CertificateFiles
from tests.e2e.server import command_server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("way", ["hang up", "file change"])
async def test_new_connections_are_shown_the_new_certificate_and_old_ones_go_on(
    way: str, tmp_path: Path
) -> None:
    old, new = make_development_certificate(), make_development_certificate()
    files, trusted = CertificateFiles.in_directory(tmp_path), tmp_path / "trusted.pem"
    files.write(old)
    arguments = ("--certfile", str(files.certfile), "--keyfile", str(files.keyfile), "--port", "0")
    interval = "none" if way == "hang up" else "0.1"
    async with command_server(
        "hello:app", "--app-dir", "examples", *arguments, "--certificate-interval", interval
    ) as server:
        target = Target.from_url(server.url + "/")
        trusted.write_bytes(old.certificate_pem)
        async with connect(target, cafile=trusted) as client:
            files.write(new, force=True)
            if way == "hang up":
                server.signal(signal.SIGHUP)
            await server.says("New connections are shown the certificate")
            assert await client.request("GET").head() == 200
            with pytest.raises(ClientError):
                async with connect(target, cafile=trusted):
                    pass
            trusted.write_bytes(new.certificate_pem)
            async with connect(target, cafile=trusted) as newcomer:
                assert await newcomer.request("GET").head() == 200
