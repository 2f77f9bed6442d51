"""Between the socket and ministack: every API call is seen here, once, with its answer."""

import json
import logging

import ministack.app as ministack

import actions
import bus
import choice
import delivery
import managed
import trail

log = logging.getLogger("lab")


def application():
    """Returns ministack's application with the bridge laid around it."""
    actions.install()
    bus.install()
    choice.install()
    delivery.install()
    managed.install()
    answer = ministack._dispatch_service_request

    async def observed(method, path, headers, body, query, request_id):
        # Around the authorisation too: a denied call is an event as well.
        response = await answer(method, path, headers, body, query, request_id)
        try:
            record = trail.of_request(method, path, headers, body, query, request_id, response)
            if record:
                bus.publish_call(record)
        except Exception:
            log.exception("no record of %s %s", method, path)
        return response

    ministack._dispatch_service_request = observed
    inner = ministack.app

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            bus.start()
        if scope["type"] == "http" and scope["path"] == "/_lab/state":
            return await answer_state(send)
        return await inner(scope, receive, send)

    return app


async def answer_state(send):
    body = json.dumps(bus.state()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
