"""What the Python service providers share: a small site with sessions in a cookie.

Each is started with one argument, its settings in JSON: `origin` (its own), `port`, `idp` (the URL of Hallpass's
metadata), `folder` (with sp.key and sp.crt), and what its test varies.
"""

import html
import json
import secrets
import sys
import threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

settings = json.loads(sys.argv[1])
origin, folder = settings["origin"], settings["folder"]
sessions = {}


class Refused(Exception):
    """The library refuses a message; the text is the library's."""


class Visit:
    """One request and its response."""

    def __init__(self, handler):
        self._handler = handler
        parts = urlsplit(handler.path)
        self.path, self.query_string = parts.path, parts.query
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        length = int(handler.headers.get("content-length") or 0)
        self.form = dict(parse_qsl(handler.rfile.read(length).decode(), keep_blank_values=True))
        cookie = SimpleCookie(handler.headers.get("cookie", "")).get("sp-session")
        self._sid = cookie.value if cookie else None

    @property
    def session(self):
        """The session data from the sign-in, or None."""
        return sessions.get(self._sid)

    def sign_in(self, session_data):
        sid = secrets.token_urlsafe(16)
        sessions[sid] = session_data
        self.redirect("/", f"sp-session={sid}; Path=/; HttpOnly")

    def sign_out(self):
        sessions.pop(self._sid, None)

    def redirect(self, location, cookie=None):
        self.answer(303, "text/plain", "", location=location, **({"set-cookie": cookie} if cookie else {}))

    def page(self, title, message="", status=200):
        self.answer(status, "text/html", f"<!doctype html><title>{title}</title><h1>{title}</h1><pre>{html.escape(message)}</pre>")

    def answer(self, status, kind, body, **headers):
        body = body if isinstance(body, bytes) else str(body).encode()
        self._handler.send_response(status)
        for name, value in {"content-type": f"{kind}; charset=utf-8", "content-length": str(len(body)), **headers}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()
        self._handler.wfile.write(body)


def idp_metadata():
    with urlopen(settings["idp"]) as answer:
        return answer.read().decode()


def home(visit):
    visit.page("Signed in" if visit.session else "Nobody is signed in")


def who(visit):
    visit.answer(200, "application/json", json.dumps(visit.session))


def serve(**routes):
    """Serves `/login`, `/acs`, … by the functions of those names, one request at a time."""
    routes = {"/": home, "/who": who, **{f"/{name}": route for name, route in routes.items()}}
    one_at_a_time = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            visit = Visit(self)
            route = routes.get(visit.path)
            if route is None:
                return visit.page("Not found", status=404)
            try:
                with one_at_a_time:
                    route(visit)
            except Exception as why:
                visit.page("Refused", f"{type(why).__name__}: {why}", 403)

        do_POST = do_GET

        def log_message(self, *message):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", settings["port"]), Handler)
    print("ready", flush=True)
    server.serve_forever()
