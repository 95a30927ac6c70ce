"""A service provider by pysaml2: it signs everything, requires both signatures, and requests a persistent NameID.

`sign` is the algorithm of its own signatures: without it, pysaml2 uses rsa-sha1. `encrypted` adds a key to decrypt
with; `name_id_format` requests another NameID; `trust` is metadata to use instead of Hallpass's.
"""

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.ident import code, decode
from saml2.metadata import entity_descriptor

from serve import Refused, folder, idp_metadata, origin, serve, settings

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
KEYS = {"key_file": f"{folder}/sp.key", "cert_file": f"{folder}/sp.crt"}
BINDINGS = {"redirect": BINDING_HTTP_REDIRECT, "post": BINDING_HTTP_POST}


def config(**extra_settings):
    name_id_format = settings.get("name_id_format", PERSISTENT)
    sp = {
        "endpoints": {
            "assertion_consumer_service": [(f"{origin}/acs", BINDING_HTTP_POST)],
            "single_logout_service": [(f"{origin}/slo", BINDINGS[settings.get("slo", "redirect")])],
        },
        "name_id_format": [name_id_format],
        "name_id_policy_format": name_id_format,
        "authn_requests_signed": True,
        "logout_requests_signed": True,
        "logout_responses_signed": True,
        "want_assertions_signed": True,
        "want_response_signed": True,
        "allow_unsolicited": False,
    }
    if "sign" in settings:
        sp["signing_algorithm"] = settings["sign"]
        sp["digest_algorithm"] = "http://www.w3.org/2001/04/xmlenc#sha256"
    spoken = {"entityid": f"{origin}/metadata", "allow_unknown_attributes": True, "service": {"sp": sp}, **KEYS, **extra_settings}
    if settings.get("encrypted"):
        spoken["encryption_keypairs"] = [KEYS]
    return SPConfig().load(spoken)


clients = []
outstanding = {}


def client():
    # The metadata of Hallpass is fetched when it is first needed: Hallpass needs ours first.
    if not clients:
        clients.append(Saml2Client(config(metadata={"inline": [settings.get("trust") or idp_metadata()]})))
    return clients[0]


def send(visit, info):
    """Sends what pysaml2 made: a redirect, or a self-posting page."""
    location = dict(info["headers"]).get("Location")
    visit.redirect(location) if location else visit.answer(200, "text/html", info["data"])


def metadata(visit):
    visit.answer(200, "application/samlmetadata+xml", entity_descriptor(config()))


def login(visit):
    binding = BINDINGS[visit.query.get("binding", "redirect")]
    request_id, info = client().prepare_for_authenticate(relay_state="/", binding=binding)
    outstanding[request_id] = visit.path
    send(visit, info)


def acs(visit):
    response = client().parse_authn_request_response(visit.form["SAMLResponse"], BINDING_HTTP_POST, outstanding)
    if response is None:
        raise Refused("the response is not taken")
    info = response.session_info()
    visit.sign_in({
        "name_id": {
            "value": info["name_id"].text,
            "format": info["name_id"].format,
            "name_qualifier": info["name_id"].name_qualifier,
            "sp_name_qualifier": info["name_id"].sp_name_qualifier,
        },
        "session_index": info["session_index"],
        "attributes": info["ava"],
        "code": code(info["name_id"]),
    })


def logout(visit):
    (_, info), = client().global_logout(decode(visit.session["code"])).values()
    send(visit, info)


def slo(visit):
    binding, fields = (BINDING_HTTP_POST, visit.form) if visit.form else (BINDING_HTTP_REDIRECT, visit.query)
    if "SAMLResponse" in fields:
        response = client().parse_logout_request_response(fields["SAMLResponse"], binding)
        client().handle_logout_response(response)
        visit.sign_out()
        return visit.redirect("/")
    name_id = decode(visit.session["code"]) if visit.session else None
    info = client().handle_logout_request(
        fields["SAMLRequest"],
        name_id,
        binding,
        relay_state=fields.get("RelayState"),
        sigalg=fields.get("SigAlg"),
        signature=fields.get("Signature"),
    )
    # pysaml2 has removed the user if the request was about them.
    if name_id and not client().is_logged_in(name_id):
        visit.sign_out()
    send(visit, info)


serve(metadata=metadata, login=login, acs=acs, logout=logout, slo=slo)
