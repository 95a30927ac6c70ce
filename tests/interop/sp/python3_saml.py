"""A service provider by python3-saml: strict; it signs everything, and requires both signatures.

`encrypted` requires encrypted assertions; `name_id_format` requests another NameID; `trust` replaces the certificate
in the metadata of Hallpass.
"""

from urllib.parse import urlsplit

from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from serve import Refused, folder, idp_metadata, origin, serve, settings

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


def read(name):
    with open(f"{folder}/{name}", encoding="ascii") as file:
        return file.read()


mine = {
    "strict": True,
    "sp": {
        "entityId": f"{origin}/metadata",
        "assertionConsumerService": {"url": f"{origin}/acs"},
        "singleLogoutService": {"url": f"{origin}/slo"},
        "NameIDFormat": settings.get("name_id_format", UNSPECIFIED),
        "x509cert": read("sp.crt"),
        "privateKey": read("sp.key"),
    },
    "security": {
        "authnRequestsSigned": True,
        "logoutRequestSigned": True,
        "logoutResponseSigned": True,
        "wantMessagesSigned": True,
        "wantAssertionsSigned": True,
        "wantAssertionsEncrypted": settings.get("encrypted", False),
        "wantNameId": True,
        "signatureAlgorithm": RSA_SHA256,
        "rejectDeprecatedAlgorithm": True,
        "requestedAuthnContext": settings.get("authn_context", True),
    },
}
asked = {}


def both():
    known = OneLogin_Saml2_IdPMetadataParser.parse(idp_metadata())
    if "trust" in settings:
        known["idp"]["x509cert"] = settings["trust"]
    merged = OneLogin_Saml2_IdPMetadataParser.merge_settings(mine, known)
    if "name_id_format" in settings:
        # The library requests the first NameIDFormat of the metadata that it read, whatever our settings say.
        merged["sp"]["NameIDFormat"] = settings["name_id_format"]
    return OneLogin_Saml2_Settings(merged)


def auth(visit):
    request = {"https": "off", "http_host": urlsplit(origin).netloc, "script_name": visit.path}
    return OneLogin_Saml2_Auth({**request, "get_data": visit.query, "post_data": visit.form, "query_string": visit.query_string}, both())


def checked(library):
    if library.get_errors():
        raise Refused(f"{', '.join(library.get_errors())}: {library.get_last_error_reason()}")


def metadata(visit):
    visit.answer(200, "application/samlmetadata+xml", OneLogin_Saml2_Settings(mine, sp_validation_only=True).get_sp_metadata())


def login(visit):
    library = auth(visit)
    address = library.login(return_to=f"{origin}/", force_authn=visit.query.get("force") == "1", is_passive=visit.query.get("passive") == "1")
    asked[library.get_last_request_id()] = True
    visit.redirect(address)


def acs(visit):
    library = auth(visit)
    known = library.response_class(library.get_settings(), visit.form["SAMLResponse"]).get_in_response_to()
    if known not in asked:
        raise Refused(f"{known} was never asked")
    library.process_response(request_id=known)
    checked(library)
    visit.sign_in({
        "name_id": {
            "value": library.get_nameid(),
            "format": library.get_nameid_format(),
            "name_qualifier": library.get_nameid_nq(),
            "sp_name_qualifier": library.get_nameid_spnq(),
        },
        "session_index": library.get_session_index(),
        "attributes": library.get_attributes(),
        "contexts": library.get_last_authn_contexts(),
    })


def logout(visit):
    session_data = visit.session
    name = session_data["name_id"]
    library = auth(visit)
    address = library.logout(
        return_to=f"{origin}/",
        name_id=name["value"],
        name_id_format=name["format"],
        nq=name["name_qualifier"],
        spnq=name["sp_name_qualifier"],
        session_index=session_data["session_index"],
    )
    asked[library.get_last_request_id()] = True
    visit.redirect(address)


def slo(visit):
    library = auth(visit)
    address = library.process_slo(delete_session_cb=visit.sign_out)
    checked(library)
    visit.redirect(address or "/")


serve(metadata=metadata, login=login, acs=acs, logout=logout, slo=slo)
