"""A provider of sign-ins (OpenID Connect) as a process of its own: discovery, authorize, token, keys; RS256.

`python oidc_provider.py PORT`. Its page offers one link per way to sign in; `as` is the subject, `lie` what is wrong
with the token: issuer | nonce | key | expired | audience.
"""

import secrets
import sys
import time
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.routing import Route

CLIENT, SECRET = "mingcha-test", "the-client-secret-of-the-tests"
LIES = ("issuer", "nonce", "key", "expired", "audience")
KEY, OTHER_KEY = (RSAKey.generate_key(2048, {"kid": "one"}) for _ in range(2))
codes: dict[str, dict[str, str]] = {}


def issuer() -> str:
    return f"http://127.0.0.1:{sys.argv[1]}"


def discovery(_: Request) -> JSONResponse:
    base = issuer()
    return JSONResponse({
        "issuer": base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token",
        "jwks_uri": f"{base}/jwks", "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"],
    })  # fmt: skip


def authorize(request: Request) -> HTMLResponse | RedirectResponse:
    asked = dict(request.query_params)
    if "as" not in asked:
        links = "".join(f'<p><a href="/authorize?{urlencode({**asked, "as": one})}">{one}</a></p>'
                        for one in ("zhang", "stranger"))  # fmt: skip
        return HTMLResponse(f"<!doctype html><title>provider</title><h1>provider</h1>{links}")
    assert asked["client_id"] == CLIENT
    assert asked["scope"] == "openid"
    assert asked["code_challenge_method"] == "S256"
    code = secrets.token_urlsafe(16)
    codes[code] = asked
    state = {"code": code, "state": asked["state"]}
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(state)}", 302)


async def token(request: Request) -> JSONResponse:
    form = await request.form()
    asked = codes.pop(str(form["code"]))
    assert form["code_verifier"]
    lie, now = asked.get("lie", ""), int(time.time())
    claims = {
        "iss": "http://127.0.0.1:1" if lie == "issuer" else issuer(),
        "aud": "another-application" if lie == "audience" else CLIENT, "sub": asked["as"],
        "iat": now - 7200 if lie == "expired" else now, "exp": now - 3600 if lie == "expired" else now + 300,
        "nonce": "another" if lie == "nonce" else asked["nonce"], "role": "administrator", "offices": ["*"],
    }  # fmt: skip
    signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, OTHER_KEY if lie == "key" else KEY)
    return JSONResponse({"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "id_token": signed})


def jwks(_: Request) -> JSONResponse:
    return JSONResponse({"keys": [KEY.as_dict(private=False)]})


ROUTES = [Route("/.well-known/openid-configuration", discovery), Route("/authorize", authorize),
          Route("/token", token, methods=["POST"]), Route("/jwks", jwks)]  # fmt: skip

if __name__ == "__main__":
    uvicorn.run(Starlette(routes=ROUTES), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
