"""The admin API as Microsoft's Python SDK and `requests` see it.

    admin_contract.py BASE_URL TOKEN CA

Drives a gateway with an empty store; each test leaves nothing behind but the service resource. Exit
status 0 if every promise holds. Needs azure-mgmt-apimanagement 5.0.0, requests, and the `openssl` command
for throw-away certificates.
"""

import base64
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.mgmt.apimanagement import ApiManagementClient
from azure.mgmt.apimanagement import models as m

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUP, SERVICE = "local", "apim"
SERVICE_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    f"/providers/Microsoft.ApiManagement/service/{SERVICE}"
)
AT = (GROUP, SERVICE)
MODE = "Countersign.Host.gw.example.test.ClientCertificate"
SECRET = "s3cret-that-must-not-be-read-back"


class StaticToken:
    """A credential that is one bearer token."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *_scopes, **_options):
        return AccessToken(self.token, int(time.time()) + 86_400)


class Certificates:
    """A CA, a server certificate and PFX files made with the openssl command."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                 "-days", "30", "-subj", "/CN=Contract CA")
        self.run("x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.der")
        self.run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr",
                 "-subj", "/CN=gw.example.test")
        (self.directory / "leaf.ext").write_text("subjectAltName=DNS:gw.example.test\n")
        self.run("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                 "-out", "leaf.pem", "-days", "30", "-extfile", "leaf.ext")
        self.run("pkcs12", "-export", "-in", "leaf.pem", "-inkey", "leaf.key", "-out", "leaf.pfx",
                 "-passout", "pass:Pa55w0rd")
        self.pfx = self.base64("leaf.pfx")
        self.ca = self.base64("ca.der")
        self.thumbprint = self.fingerprint("leaf.pem")
        self.ca_thumbprint = self.fingerprint("ca.pem")

    def run(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)
        return done.stdout.decode()

    def base64(self, name):
        return base64.b64encode((self.directory / name).read_bytes()).decode()

    def fingerprint(self, name):
        line = self.run("x509", "-in", name, "-noout", "-fingerprint", "-sha1")
        return line.split("=")[1].strip().replace(":", "")


class Contract(unittest.TestCase):
    """Common ground: one SDK client and one `requests` session."""

    base_url = token = ca = certificates = None

    def setUp(self):
        self.sdk = self.client(self.token)
        self.http = requests.Session()
        # Variables of the environment would win over `verify` of the session.
        self.http.trust_env = False
        self.http.verify = self.ca
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        self.addCleanup(self.http.close)

    def client(self, token):
        client = ApiManagementClient(
            StaticToken(token), SUBSCRIPTION, base_url=self.base_url,
            credential_scopes=[f"{self.base_url}/.default"], connection_verify=self.ca,
            polling_interval=0.2, retry_total=0)
        self.addCleanup(client.close)
        return client

    def call(self, method, path, **options):
        return self.http.request(method, self.base_url + path, timeout=30, **options)

    def refused(self, status, call, *arguments, **options):
        with self.assertRaises(HttpResponseError) as caught:
            call(*arguments, **options)
        self.assertEqual(caught.exception.status_code, status)
        return caught.exception

    def named_value(self, name, display_name, value, **more):
        contract = m.NamedValueCreateContract(display_name=display_name, value=value, **more)
        self.addCleanup(self.sdk.named_value.delete, *AT, name, if_match="*")
        return self.sdk.named_value.begin_create_or_update(*AT, name, contract).result(30)

    def tag(self, path):
        return self.call("GET", path).headers["ETag"]


class Service(Contract):
    def put(self, **more):
        contract = m.ApiManagementServiceResource(
            location="local", sku=m.ApiManagementServiceSkuProperties(name="Developer", capacity=1),
            publisher_email="me@example.test", publisher_name="me",
            hostname_configurations=[m.HostnameConfiguration(
                type="Proxy", host_name="gw.example.test", encoded_certificate=self.certificates.pfx,
                certificate_password="Pa55w0rd", negotiate_client_certificate=True, default_ssl_binding=True)],
            certificates=[m.CertificateConfiguration(
                encoded_certificate=self.certificates.ca, store_name="Root")],
            **more)
        return self.sdk.api_management_service.begin_create_or_update(*AT, contract).result(30)

    def get(self):
        return self.sdk.api_management_service.get(*AT)

    def patch(self, **changes):
        parameters = m.ApiManagementServiceUpdateParameters(**changes)
        return self.sdk.api_management_service.begin_update(*AT, parameters).result(30)

    def test_it_is_there_before_anything_was_written(self):
        self.assertEqual(self.get().provisioning_state, "Succeeded")

    def test_a_ca_swap_by_patch_does_not_switch_client_certificates_off(self):
        self.put(custom_properties={MODE: "required"})
        root = m.CertificateConfiguration(encoded_certificate=self.certificates.ca, store_name="Root")
        other = m.CertificateConfiguration(encoded_certificate=self.certificates.ca,
                                           store_name="CertificateAuthority")
        # The SDK adds enableClientCertificate: false by itself.
        changed = self.patch(certificates=[root, other])
        self.assertEqual(sorted(c.store_name for c in changed.certificates), ["CertificateAuthority", "Root"])
        self.assertTrue(changed.hostname_configurations[0].negotiate_client_certificate)
        self.assertEqual(changed.custom_properties[MODE], "required")

    def test_a_put_of_what_was_read_keeps_cas_certificates_and_mode(self):
        self.put(custom_properties={MODE: "required"})
        read = self.get()
        self.assertIsNone(read.certificates[0].encoded_certificate)
        self.assertIsNone(read.hostname_configurations[0].encoded_certificate)
        kept = self.sdk.api_management_service.begin_create_or_update(*AT, read).result(30)
        self.assertEqual([c.certificate.thumbprint for c in kept.certificates], [self.certificates.ca_thumbprint])
        self.assertEqual(kept.custom_properties[MODE], "required")
        self.assertEqual(kept.hostname_configurations[0].certificate.thumbprint, self.certificates.thumbprint)

    def test_an_unknown_thumbprint_is_refused_and_nothing_changes(self):
        self.put()
        information = m.CertificateInformation(expiry="2030-01-01T00:00:00Z", thumbprint="00" * 20, subject="CN=x")
        entry = m.CertificateConfiguration(store_name="Root", certificate=information)
        error = self.refused(400, self.patch, certificates=[entry])
        self.assertTrue(error.error.details[0].target.endswith("encodedCertificate"))
        self.assertEqual(len(self.get().certificates), 1)

    def test_custom_properties_merge_and_null_removes(self):
        self.put(custom_properties={MODE: "optional"})
        http2 = "Microsoft.WindowsAzure.ApiManagement.Gateway.Protocols.Server.Http2"
        changed = self.patch(custom_properties={http2: "False"})
        self.assertEqual(changed.custom_properties, {MODE: "optional", http2: "False"})
        answer = self.call("PATCH", "/apim", json={"properties": {"customProperties": {http2: None, MODE: None}}})
        self.assertEqual((answer.status_code, answer.json()["properties"]["customProperties"]), (200, {}))
        tls10 = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls10"
        self.refused(400, self.patch, custom_properties={tls10: "True"})

    def test_it_is_listed(self):
        self.assertEqual([s.name for s in self.sdk.api_management_service.list()], [SERVICE])
        by_group = self.sdk.api_management_service.list_by_resource_group(GROUP)
        self.assertEqual([s.name for s in by_group], [SERVICE])


class NamedValues(Contract):
    def test_a_value_is_created_read_changed_and_deleted(self):
        made = self.named_value("allowed", "allowed-thumbprints", "AA", tags=["mtls"])
        self.assertEqual((made.name, made.value, made.id), ("allowed", "AA", SERVICE_ID + "/namedValues/allowed"))
        update = m.NamedValueUpdateParameters(value="BB")
        tag = self.tag("/apim/namedValues/allowed")
        changed = self.sdk.named_value.begin_update(*AT, "allowed", tag, update).result(30)
        self.assertEqual((changed.value, changed.display_name), ("BB", "allowed-thumbprints"))
        self.refused(412, self.sdk.named_value.begin_update, *AT, "allowed", tag, update)
        self.refused(412, self.sdk.named_value.delete, *AT, "allowed", tag)
        self.sdk.named_value.delete(*AT, "allowed", "*")
        with self.assertRaises(ResourceNotFoundError):
            self.sdk.named_value.get(*AT, "allowed")

    def test_a_secret_is_read_only_by_its_action_and_kept_when_put_back(self):
        self.named_value("sec", "sec", SECRET, secret=True)
        self.assertIsNone(self.sdk.named_value.get(*AT, "sec").value)
        self.named_value("sec", "sec", None, secret=True, tags=["t"])
        self.assertEqual(self.sdk.named_value.list_value(*AT, "sec").value, SECRET)
        for path in ("/apim/namedValues", "/apim/namedValues/sec", "/apim/revisions", "/apim/namedValues/sec?x"):
            self.assertNotIn(SECRET, self.call("GET", path).text)

    def test_lists_are_filtered_and_paged(self):
        for i in range(5):
            self.named_value(f"pg{i}", f"page-{i}", "v")
        names = [v.name for v in self.sdk.named_value.list_by_service(*AT, filter="displayName eq 'page-3'")]
        self.assertEqual(names, ["pg3"])
        names = [v.name for v in self.sdk.named_value.list_by_service(*AT, top=2, skip=1)]
        self.assertEqual(names, ["pg1", "pg2"])
        names = [v.name for v in self.sdk.named_value.list_by_service(*AT, filter="startswith(displayName,'page-')")]
        self.assertEqual(len(names), 5)

    def test_mistakes_are_reported_by_property(self):
        error = self.refused(400, self.named_value, "bad", "no spaces", "x")
        self.assertEqual((error.error.code, error.error.details[0].target), ("ValidationError", "displayName"))
        answer = self.call("PUT", "/apim/namedValues/bad",
                           json={"properties": {"displayName": "a", "vlaue": "x", "secret": "no"}})
        targets = sorted(detail["target"] for detail in answer.json()["error"]["details"])
        self.assertEqual((answer.status_code, targets), (400, ["secret", "value", "vlaue"]))

    def test_display_names_are_unique(self):
        self.named_value("one", "same-name", "x")
        self.refused(400, self.named_value, "two", "Same-Name", "x")


class Certificates_(Contract):
    def put(self, name, **contract):
        self.addCleanup(self.sdk.certificate.delete, *AT, name, "*")
        return self.sdk.certificate.create_or_update(*AT, name, m.CertificateCreateOrUpdateParameters(**contract))

    def test_pfx_and_public_certificates_are_taken(self):
        made = self.put("cli", data=self.certificates.pfx, password="Pa55w0rd")
        self.assertEqual((made.thumbprint, made.subject), (self.certificates.thumbprint, "CN=gw.example.test"))
        public = self.put("pub", data=self.certificates.base64("leaf.pem"))
        self.assertEqual(public.thumbprint, self.certificates.thumbprint)
        answer = self.call("GET", "/apim/certificates?$filter=expirationDate lt 2099-01-01").json()
        self.assertEqual(answer["count"], 2)
        self.assertNotIn("data", answer["value"][0]["properties"])

    def test_bad_uploads_are_refused_at_their_property(self):
        truncated = base64.b64encode(base64.b64decode(self.certificates.pfx)[:500]).decode()
        for contract, target in [
            ({"data": self.certificates.pfx, "password": "nope"}, "password"),
            ({"data": truncated, "password": "Pa55w0rd"}, "data"),
            ({"data": "%%%"}, "data"),
            ({"data": base64.b64encode(b"hello").decode()}, "data"),
        ]:
            error = self.refused(400, self.put, "bad", **contract)
            self.assertEqual(error.error.details[0].target, target)
        with self.assertRaises(ResourceNotFoundError):
            self.sdk.certificate.get(*AT, "bad")

    def test_a_certificate_in_use_is_not_deleted(self):
        self.put("bk", data=self.certificates.pfx, password="Pa55w0rd")
        credentials = m.BackendCredentialsContract(certificate_ids=[SERVICE_ID + "/certificates/bk"])
        contract = m.BackendContract(url="https://up.example.test", protocol="http", credentials=credentials)
        made = self.sdk.backend.create_or_update(*AT, "b1", contract)
        self.assertEqual(made.credentials.certificate_ids, [SERVICE_ID + "/certificates/bk"])
        self.addCleanup(self.sdk.backend.delete, *AT, "b1", "*")
        self.refused(409, self.sdk.certificate.delete, *AT, "bk", "*")
        contract.credentials = m.BackendCredentialsContract(certificate=[self.certificates.thumbprint])
        self.sdk.backend.create_or_update(*AT, "b1", contract)
        self.refused(409, self.sdk.certificate.delete, *AT, "bk", "*")

    def test_a_backend_with_an_unknown_certificate_is_refused(self):
        credentials = m.BackendCredentialsContract(certificate_ids=[SERVICE_ID + "/certificates/none"])
        contract = m.BackendContract(url="https://up.example.test", protocol="http", credentials=credentials)
        self.refused(400, self.sdk.backend.create_or_update, *AT, "b2", contract)


class Apis(Contract):
    POLICY = (
        '<policies><inbound><base /><check-header name="x" failed-check-httpcode="401" '
        'failed-check-error-message="{{contract-value}}" ignore-case="true"><value>a</value></check-header>'
        "</inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"
    )

    def setUp(self):
        super().setUp()
        self.named_value("contract-value", "contract-value", "no")
        names = m.SubscriptionKeyParameterNamesContract(header="X-Key", query="key")
        contract = m.ApiCreateOrUpdateParameter(
            display_name="Orders", path="orders", protocols=["https"], service_url="https://up.example.test",
            subscription_required=True, subscription_key_parameter_names=names)
        self.api = self.sdk.api.begin_create_or_update(*AT, "orders", contract).result(30)
        self.addCleanup(lambda: self.sdk.api.begin_delete(*AT, "orders", "*").result(30))

    def test_an_api_and_its_operation_are_read_back(self):
        self.assertEqual((self.api.path, self.api.subscription_key_parameter_names.header), ("orders", "X-Key"))
        changed = self.sdk.api.update(*AT, "orders", "*", m.ApiUpdateContract(service_url="https://b.example.test"))
        self.assertEqual((changed.service_url, changed.display_name), ("https://b.example.test", "Orders"))
        parameters = [m.ParameterContract(name="id", type="string", required=True)]
        contract = m.OperationContract(
            display_name="Get", method="GET", url_template="/o/{id}", template_parameters=parameters)
        self.sdk.api_operation.create_or_update(*AT, "orders", "get1", contract)
        names = [o.name for o in self.sdk.api_operation.list_by_api(*AT, "orders")]
        self.assertEqual(names, ["get1"])
        self.sdk.api_operation.delete(*AT, "orders", "get1", "*")

    def test_a_policy_is_kept_as_it_was_sent_and_protects_what_it_names(self):
        contract = m.PolicyContract(value=self.POLICY, format="rawxml")
        self.sdk.api_policy.create_or_update(*AT, "orders", "policy", contract)
        self.assertEqual(self.sdk.api_policy.get(*AT, "orders", "policy", format="rawxml").value, self.POLICY)
        self.assertIn("check-header", self.sdk.api_policy.get(*AT, "orders", "policy").value)
        self.refused(409, self.sdk.named_value.delete, *AT, "contract-value", "*")
        self.sdk.api_policy.delete(*AT, "orders", "policy", "*")

    def test_a_policy_that_does_not_compile_is_refused_with_line_and_column(self):
        for document, words in [
            ("<policies>\n  <inbound>\n    <set-headr name='a' />\n  </inbound>\n</policies>", "set-header"),
            ("<policies><inbound><set-variable name='a' value='@(1 + )' /></inbound></policies>", "Line 1"),
            ("<policies><inbound><set-variable name='a' value='{{missing-value}}' /></inbound></policies>",
             "missing-value"),
            ("<policies><inbound>", "Line 1"),
        ]:
            contract = m.PolicyContract(value=document, format="rawxml")
            error = self.refused(400, self.sdk.api_policy.create_or_update, *AT, "orders", "policy", contract)
            messages = " ".join(detail.message for detail in error.error.details)
            self.assertIn(words, messages)
            self.assertIn("Line ", messages)
        link = m.PolicyContract(value="http://169.254.169.254/", format="xml-link")
        self.refused(400, self.sdk.api_policy.create_or_update, *AT, "orders", "policy", link)
        with self.assertRaises(ResourceNotFoundError):
            self.sdk.api_policy.get(*AT, "orders", "policy")

    def test_subscription_keys_are_secret_and_made_anew(self):
        contract = m.SubscriptionCreateParameters(
            scope=SERVICE_ID + "/apis/orders", display_name="S1", primary_key="k" * 32, state="active")
        self.addCleanup(self.sdk.subscription.delete, *AT, "s1", "*")
        made = self.sdk.subscription.create_or_update(*AT, "s1", contract)
        self.assertEqual((made.state, made.primary_key), ("active", None))
        keys = self.sdk.subscription.list_secrets(*AT, "s1")
        self.sdk.subscription.regenerate_primary_key(*AT, "s1")
        new = self.sdk.subscription.list_secrets(*AT, "s1")
        self.assertNotEqual(new.primary_key, keys.primary_key)
        self.assertEqual(new.secondary_key, keys.secondary_key)
        update = m.SubscriptionUpdateParameters(state="suspended")
        self.assertEqual(self.sdk.subscription.update(*AT, "s1", "*", update).state, "suspended")
        self.assertEqual(self.sdk.subscription.list_secrets(*AT, "s1").primary_key, new.primary_key)


class Ours(Contract):
    """What the contract does not have, in its style."""

    def test_an_identity_list_has_members_with_tags_of_their_own(self):
        at = "/apim/identityLists/contract-list"
        self.addCleanup(self.call, "DELETE", at)
        identities = [{"name": "a", "thumbprint": "AA" * 20}, {"name": "b", "thumbprint": "bb:" * 32}]
        made = self.call("PUT", at, json={"properties": {"identities": identities}})
        self.assertEqual((made.status_code, made.json()["properties"]["identityCount"]), (201, 2))
        tag = self.tag(at + "/identities/a")
        patch = {"properties": {"displayName": "A"}}
        for status in (200, 412):
            answer = self.call("PATCH", at + "/identities/a", json=patch, headers={"If-Match": tag})
            self.assertEqual(answer.status_code, status)
        bad = self.call("PUT", at, json={"properties": {"identities": identities + [{"thumbprint": "x"}]}})
        self.assertEqual(bad.json()["error"]["details"][0]["target"], "identities[2].thumbprint")
        self.assertEqual(self.call("GET", at + "/identities").json()["count"], 2)
        self.assertEqual(self.call("GET", at + "/usage").json(), {"value": [], "count": 0})

    def test_a_crl_is_read_back_by_its_facts(self):
        directory = self.certificates.directory
        (directory / "index.txt").write_text("")
        (directory / "ca.cnf").write_text(
            "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=7\n")
        self.certificates.run("ca", "-gencrl", "-config", "ca.cnf", "-keyfile", "ca.key", "-cert", "ca.pem",
                              "-out", "crl.pem")
        self.addCleanup(self.call, "DELETE", "/apim/crls/c1")
        body = {"properties": {"encodedCrl": self.certificates.base64("crl.pem")}}
        made = self.call("PUT", "/apim/crls/c1", json=body)
        self.assertEqual((made.status_code, made.json()["properties"]["issuer"]), (201, "CN=Contract CA"))
        self.assertIn("nextUpdate", made.json()["properties"])

    def test_a_transaction_is_one_revision_or_nothing(self):
        for name in ("t1", "t2"):
            self.addCleanup(self.call, "DELETE", f"/apim/namedValues/{name}")
        def put(name, display):
            body = {"properties": {"displayName": display, "value": "x"}}
            return {"method": "PUT", "path": f"namedValues/{name}", "body": body}
        before = int(self.call("GET", "/apim").headers["x-countersign-revision"])
        bad = self.call("POST", "/apim/transactions", json={"operations": [put("t1", "t1"), put("t2", "no spaces")]})
        self.assertEqual(bad.status_code, 400)
        self.assertEqual(bad.json()["error"]["details"][0]["target"], "operations[1].body.displayName")
        self.assertEqual(self.call("GET", "/apim/namedValues/t1").status_code, 404)
        operations = {"operations": [put("t1", "t1"), put("t2", "t2")], "comment": "both"}
        dry = self.call("POST", "/apim/transactions?dryRun=true", json=operations)
        self.assertEqual((dry.status_code, dry.json()["revision"]), (200, before))
        done = self.call("POST", "/apim/transactions", json=operations)
        self.assertEqual((done.status_code, done.json()["revision"]), (200, before + 1))
        shown = self.call("GET", f"/apim/revisions/{before + 1}").json()
        self.assertEqual((shown["comment"], shown["changeCount"]), ("both", 2))

    def test_a_revision_is_compared_and_restored(self):
        self.named_value("r1", "r1", "old")
        old = int(self.call("GET", "/apim").headers["x-countersign-revision"])
        self.named_value("r1", "r1", "new")
        change = self.call("GET", f"/apim/revisions/{old + 1}/diff").json()["value"][0]
        self.assertEqual((change["before"]["value"], change["after"]["value"]), ("old", "new"))
        restored = self.call("POST", f"/apim/revisions/{old}/restore")
        self.assertEqual((restored.status_code, restored.json()["restored"]), (200, old))
        self.assertEqual(self.sdk.named_value.get(*AT, "r1").value, "old")


class WhatComesWithPolicies(Contract):
    """Fragments, products, loggers and caches."""

    FRAGMENT = '<fragment><set-header name="a"><value>b</value></set-header></fragment>'

    def test_fragments_are_included_listed_and_kept_while_they_are_used(self):
        fragments = self.sdk.policy_fragment
        body = m.PolicyFragmentContract(value=self.FRAGMENT, description="d", format="rawxml")
        made = fragments.begin_create_or_update(*AT, "mtls", body).result()
        self.assertEqual((made.description, made.provisioning_state), ("d", "Succeeded"))
        self.assertEqual(fragments.get(*AT, "mtls", format="rawxml").value, self.FRAGMENT)
        self.assertTrue(fragments.get_entity_tag(*AT, "mtls"))
        self.assertEqual(list(fragments.list_references(*AT, "mtls").value), [])
        document = '<policies><inbound><include-fragment fragment-id="mtls" /></inbound></policies>'
        self.sdk.policy.create_or_update(*AT, "policy", m.PolicyContract(value=document, format="rawxml"))
        found = [x.id for x in fragments.list_references(*AT, "mtls").value]
        self.assertEqual(found, [SERVICE_ID + "/policies/policy"])
        with self.assertRaises(HttpResponseError) as caught:
            fragments.delete(*AT, "mtls", if_match="*")
        self.assertEqual(caught.exception.status_code, 409)
        self.sdk.policy.delete(*AT, "policy", if_match="*")
        fragments.delete(*AT, "mtls", if_match="*")
        with self.assertRaises(ResourceNotFoundError):
            fragments.get(*AT, "mtls")

    def test_products_hold_apis_policies_and_subscriptions(self):
        products, links = self.sdk.product, self.sdk.product_api
        body = m.ProductContract(display_name="Gold", subscription_required=True, state="published")
        self.assertEqual(products.create_or_update(*AT, "gold", body).state, "published")
        changed = products.update(*AT, "gold", "*", m.ProductUpdateParameters(description="d"))
        self.assertEqual((changed.description, changed.display_name), ("d", "Gold"))
        api = m.ApiCreateOrUpdateParameter(display_name="P", path="p", protocols=["https"])
        self.sdk.api.begin_create_or_update(*AT, "p-api", api).result()
        self.assertEqual(links.create_or_update(*AT, "gold", "p-api").path, "p")
        self.assertTrue(links.check_entity_exists(*AT, "gold", "p-api"))
        self.assertEqual([x.display_name for x in links.list_by_product(*AT, "gold")], ["P"])
        policy = m.PolicyContract(value="<policies><inbound><base /></inbound></policies>", format="rawxml")
        self.sdk.product_policy.create_or_update(*AT, "gold", "policy", policy)
        subscription = m.SubscriptionCreateParameters(scope="/products/gold", display_name="S", state="active")
        self.sdk.subscription.create_or_update(*AT, "of-gold", subscription)
        with self.assertRaises(HttpResponseError) as caught:
            products.delete(*AT, "gold", if_match="*")
        self.assertEqual(caught.exception.status_code, 409)
        products.delete(*AT, "gold", if_match="*", delete_subscriptions=True)
        self.assertEqual(list(self.sdk.subscription.list(*AT)), [])
        self.sdk.api.begin_delete(*AT, "p-api", if_match="*").result()
        self.assertEqual(list(products.list_by_service(*AT)), [])

    def test_loggers_and_caches_are_kept_without_showing_secrets(self):
        key = "11111111-1111-1111-1111-111111111111"
        logger = m.LoggerContract(
            logger_type="applicationInsights", description="d", credentials={"instrumentationKey": key}
        )
        self.sdk.logger.create_or_update(*AT, "ai", logger)
        changed = self.sdk.logger.update(*AT, "ai", "*", m.LoggerUpdateContract(description="e"))
        self.assertEqual((changed.logger_type, changed.description), ("applicationInsights", "e"))
        self.assertNotIn(key, self.call("GET", "/apim/loggers/ai").text)
        cache = m.CacheContract(connection_string=f"localhost:6379,password={SECRET}", use_from_location="default")
        self.sdk.cache.create_or_update(*AT, "default", cache)
        self.sdk.cache.update(*AT, "default", "*", m.CacheUpdateParameters(description="e"))
        self.assertNotIn(SECRET, self.call("GET", "/apim/caches/default").text)
        for group, name in ((self.sdk.logger, "ai"), (self.sdk.cache, "default")):
            self.assertEqual([x.name for x in group.list_by_service(*AT)], [name])
            group.delete(*AT, name, if_match="*")
            self.assertEqual(list(group.list_by_service(*AT)), [])


class Errors(Contract):
    def test_a_wrong_token_is_refused_as_the_sdk_expects(self):
        with self.assertRaises(ClientAuthenticationError) as caught:
            self.client("a-wrong-token-of-some-length").named_value.get(*AT, "x")
        self.assertEqual(caught.exception.error.code, "InvalidAuthenticationToken")
        answer = requests.get(self.base_url + "/apim", verify=self.ca, timeout=30)
        self.assertEqual((answer.status_code, answer.headers["WWW-Authenticate"][:6]), (401, "Bearer"))

    def test_every_error_is_json(self):
        for method, path, status in [
            ("GET", "/", 404), ("GET", "/apim/nothing", 404), ("POST", "/apim", 405), ("DELETE", "/apim", 405),
            ("GET", SERVICE_ID, 400), ("GET", "/apim/products/x", 404), ("PUT", "/apim/namedValues/x", 400),
        ]:
            answer = self.call(method, path)
            self.assertEqual(answer.status_code, status, path)
            self.assertTrue(answer.json()["error"]["message"], path)

    def test_the_long_path_and_the_alias_are_one(self):
        self.named_value("same", "same", "x")
        long = self.call("GET", SERVICE_ID + "/namedValues/same?api-version=2024-05-01").json()
        self.assertEqual(self.call("GET", "/apim/NamedValues/SAME").json(), long)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    Contract.base_url, Contract.token, Contract.ca = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3]
    with tempfile.TemporaryDirectory() as directory:
        Contract.certificates = Certificates(directory)
        unittest.main(argv=sys.argv[:1], verbosity=2)


if __name__ == "__main__":
    main()
