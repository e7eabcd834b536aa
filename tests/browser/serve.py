"""Serves an example of Python's over HTTPS: ``serve.py NAME PORT CERTIFICATE KEY``."""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples"


def main(name: str, port: int, certificate: str, key: str) -> None:
    home = HERE if name == "attributes" else EXAMPLES
    sys.path.insert(0, str(home / name))
    if name == "fastapi":
        import uvicorn
        from app import app  # type: ignore[import-not-found]

        files = {"ssl_certfile": certificate, "ssl_keyfile": key}
        uvicorn.run(app, port=port, log_level="warning", **files)  # type: ignore[arg-type]
        return
    if name == "shared":
        shared(port, certificate, key)
        return
    from werkzeug.serving import run_simple

    application = django_site() if name == "django" else __import__("app").app
    run_simple("127.0.0.1", port, application, threaded=True, ssl_context=(certificate, key))


def shared(port: int, certificate: str, key: str) -> None:
    from proxy import Apps, Proxy, end_on_sigterm  # type: ignore[import-not-found]

    end_on_sigterm()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with Apps({"LD_PRELOAD": os.environ["APPS_PRELOAD"]}) as apps, Proxy(port, apps) as proxy:
        # Each thread shakes hands for itself.
        options = {"server_side": True, "do_handshake_on_connect": False}
        proxy.socket = context.wrap_socket(proxy.socket, **options)
        proxy.serve_forever()


def django_site() -> object:
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    import django
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    django.setup()
    call_command("migrate", verbosity=0)
    return StaticFilesHandler(get_wsgi_application())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
