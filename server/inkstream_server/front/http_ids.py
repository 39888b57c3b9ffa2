"""What a request of HTTP is called, from its first look at to its answer, which tells it."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from inkstream_server.front.request_ids import REQUEST_ID_KEY, request_id_of

_NAME: Final = web.RequestKey("request_id", str)


def name_of(request: web.BaseRequest) -> str:
    """As its header wishes, else as it was named when this was first asked."""
    if _NAME not in request:
        name_request(request, request_id_of([request.headers.get(REQUEST_ID_KEY)]))
    return request[_NAME]


def name_request(request: web.BaseRequest, name: str) -> None:
    """Call it so from now on, which is one that a client may choose."""
    request[_NAME] = name


async def tell_name(request: web.Request, response: web.StreamResponse) -> None:
    """Tell a client what its request is called, whatever it is answered."""
    response.headers[REQUEST_ID_KEY] = name_of(request)
