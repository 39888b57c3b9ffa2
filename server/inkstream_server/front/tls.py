"""Serves both ports with the certificate of now; connections that stand keep theirs.

Reading and checking the files is `tls_files`' business, when they are read the app's.
"""

from __future__ import annotations

import ssl
import threading

import grpc

from inkstream_server.front.tls_files import TlsMaterial


class Tls:
    """The server's certificate. gRPC asks for it in a thread of its own, for each connection."""

    def __init__(self, material: TlsMaterial) -> None:
        self._material = material
        self._is_new_to_grpc = False
        self._lock = threading.Lock()

    @property
    def http_context(self) -> ssl.SSLContext:
        """For the next connection."""
        return self._material.context

    def grpc_credentials(self) -> grpc.ServerCredentials:
        """For one port: what is new is told once."""
        return grpc.dynamic_ssl_server_credentials(
            _configuration(self._material),
            self._news,  # type: ignore[arg-type] # which may say None, by its documentation
            require_client_authentication=self._material.client_ca is not None,
        )

    def use(self, material: TlsMaterial) -> None:
        """Serve with it from now on."""
        with self._lock:
            self._material = material
            self._is_new_to_grpc = True

    def _news(self) -> grpc.ServerCertificateConfiguration | None:
        """None: nothing is new. gRPC would make all of TLS anew, and owns what it is given."""
        with self._lock:
            if not self._is_new_to_grpc:
                return None
            self._is_new_to_grpc = False
            return _configuration(self._material)


def _configuration(material: TlsMaterial) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(material.key, material.chain)], root_certificates=material.client_ca
    )
