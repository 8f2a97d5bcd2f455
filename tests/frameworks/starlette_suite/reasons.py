"""Why some of Starlette's tests do not pass over HTTP/3, each by a pattern of its name.

This file knows what a test asks for that is not the server's to give: what only its own test
client has, and what HTTP/3 has not. It refuses to know results. Its one rule: a test that fails
and stands in no row is our fault until somebody has looked.
"""

from __future__ import annotations

import re

__all__ = ["REASONS", "reason_of"]

REASONS = {
    "asks for the test client's own address and port": (
        r"test_client$|test_client_custom_client|test_ipv6_base_url"
        r"|test_http_span_uses_route_and_semantic_attributes"
    ),
    "asks for fields that HTTP/3 has not, such as connection, or for their case": (
        r"test_request_headers|test_websocket_headers|test_websocket_route_middleware"
    ),
    "an authority that is none, or a wrong content-length: malformed, so no application sees it": (
        r"test_trusted_host_middleware_ipv6|test_host_routing_rejects_invalid_hosts"
        r"|test_host_routing_ignores_port|test_https_redirect_middleware"
        r"|test_received_bytes_are_counted_with_unreliable_content_length"
    ),
    "asks for http.response.debug or http.response.push, which the server does not offer": (
        r"test_templates|test_calls_context_processors|test_template_with_middleware"
        r"|test_debug_info_in_response_extensions|test_request_send_push_promise"
    ),
    "asks for the test client's sentences or steps for an application that breaks ASGI's rules": (
        r"test_invalid_trailer_sequence|test_incomplete_trailers|test_response_phrase"
        r"|test_trailer_error_respects_raise_server_exceptions|test_force_500_response"
        r"|test_receive_wrong_message_type"
    ),
    "asks for the code of a close before the acceptance, which is a 403 on the wire": (
        r"test_staticfiles_websocket|test_rejected_connection|test_send_response_unsupported"
    ),
    "counts the test client's steps between the application and the one who reads": (
        r"test_streaming_response_is_available_before_first_chunk"
        r"|test_streaming_response_applies_backpressure"
        r"|test_streaming_response_skips_empty_and_head_bodies"
        r"|test_streaming_response_copies_mutable_chunks"
        r"|test_closing_completed_trailers_waits_for_application"
    ),
    "asks for an event loop of its own for each request, or to be cancelled by the client": (
        r"test_use_testclient_as_contextmanager|test_websocket_not_block_on_close"
        r"|test_closing_unfinished_response_cancels_application"
        r"|test_closing_client_cancels_unclosed_response"
    ),
    "asks for a file that root may not read; fails as root without us as well": (
        r"test_staticfiles_with_invalid_dir_permissions_returns_401"
    ),
}
"""By reason, which tests. A name is searched for in a test's, without its parameters."""


def reason_of(test: str) -> str | None:
    """Why a test that failed may; None if it may not."""
    name = test.partition("[")[0].rpartition("::")[2]
    for reason, pattern in REASONS.items():
        if re.search(pattern, name):
            return reason
    return None
