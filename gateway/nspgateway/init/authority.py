"""The box's own certificate authority: it vouches for this box to its clients, and for nothing else in the world.

X.509 as RFC 5280 has it, ECDSA on P-256. Whoever trusts this authority trusts it only
for the names of this box, for names inside a building and for private addresses: its
name constraints say so, and the library that checks the certificate keeps to them.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nspgateway.errors import GatewayError

AUTHORITY_LIFE = timedelta(days=3652)
# Apple's systems refuse a server certificate that lives longer than 825 days, from a private authority too.
LEAF_LIFE = timedelta(days=820)
# A client whose clock is a little behind ours must be able to use what was made just now.
_EARLIER = timedelta(hours=1)
# Always in the server's certificate: the box itself, and a technician at its keyboard.
OWN_HOSTS = ("localhost", "127.0.0.1", "::1")

# What no public authority gives out: RFC 1918, RFC 4193, RFC 3927/4291 link-local, RFC 6762, RFC 8375.
_PRIVATE_NETS = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
    *("::1/128", "fc00::/7", "fe80::/10"),
)
_PRIVATE_NAMES = ("localhost", "local", "lan", "internal", "home.arpa")
_HOST_NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


class AuthorityError(GatewayError):
    """A certificate or its key cannot be made or used; the text says why and what to do."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA certificate with its key. Made by ``create`` or ``load``."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def create(cls, region: str, cp: str, hosts: Sequence[str], at: datetime) -> Authority:
        """Make a new authority, valid from ``at``, that may vouch for ``hosts`` and for what is private.

        ``region`` and ``cp`` are slugs, at most 40 characters.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, region),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, cp),
                # Two boxes of one name stay apart in a tablet's list of authorities.
                x509.NameAttribute(NameOID.COMMON_NAME, f"NSP CA {secrets.token_hex(4)}"),
            ]
        )
        builder = (
            _builder(name, name, key.public_key(), key.public_key(), at, at + AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.NameConstraints(_permitted(hosts), None), critical=True)
        )
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def load(cls, certificate_pem: bytes, key_pem: bytes) -> Authority:
        """Read an authority back. Raises AuthorityError when the two do not belong together."""
        certificate, key = load_certificate(certificate_pem), load_key(key_pem)
        if certificate.public_key() != key.public_key():
            raise AuthorityError("the CA's certificate and its key do not belong together. Restore a backup.")
        return cls(certificate, key)

    def server(self, key: ec.EllipticCurvePublicKey, hosts: Sequence[str], at: datetime) -> x509.Certificate:
        """Return a server's certificate for these hosts and the box itself. Raises AuthorityError."""
        everyone = list(dict.fromkeys((*hosts, *OWN_HOSTS)))
        strangers = [host for host in everyone if not self.may_vouch_for(host)]
        if strangers:
            raise AuthorityError(
                f"{', '.join(strangers)}: this box's CA was not made for it. "
                "Give a private address or a name under .lan, .local or .internal, "
                "or make a new folder with --host, and trust its CA anew."
            )
        return self._leaf(
            f"{self._unit()} server",
            key,
            ExtendedKeyUsageOID.SERVER_AUTH,
            at,
            x509.SubjectAlternativeName([_general(host) for host in everyone]),
        )

    def client(self, key: ec.EllipticCurvePublicKey, name: str, at: datetime) -> x509.Certificate:
        """Return a client's certificate; ``name`` is its account at the broker."""
        return self._leaf(name, key, ExtendedKeyUsageOID.CLIENT_AUTH, at, None)

    def may_vouch_for(self, host: str) -> bool:
        """Return whether the name constraints let this authority sign for a host name or an address."""
        permitted = self.certificate.extensions.get_extension_for_class(x509.NameConstraints)
        subtrees = permitted.value.permitted_subtrees or ()
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            names = [tree.value for tree in subtrees if isinstance(tree, x509.DNSName)]
            return any(host == name or host.endswith(f".{name}") for name in names)
        nets = [tree.value for tree in subtrees if isinstance(tree, x509.IPAddress)]
        return any(
            address in net for net in nets if isinstance(net, ipaddress.IPv4Network | ipaddress.IPv6Network)
        )

    def _unit(self) -> str:
        unit = self.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        return str(unit[0].value) if unit else "nsp"

    def _leaf(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        use: x509.ObjectIdentifier,
        at: datetime,
        names: x509.SubjectAlternativeName | None,
    ) -> x509.Certificate:
        authority_end = self.certificate.not_valid_after_utc
        if authority_end <= at:
            raise AuthorityError(f"the CA ended on {authority_end:%Y-%m-%d}. Make a new folder.")
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        end = min(at + LEAF_LIFE, authority_end)  # nothing outlives who vouches for it
        builder = (
            _builder(subject, self.certificate.subject, key, self.key.public_key(), at, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())


def new_key() -> ec.EllipticCurvePrivateKey:
    """Draw a key from the system's random source."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key as PEM, unencrypted: the broker and the gateway start without a person."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def load_certificate(pem: bytes) -> x509.Certificate:
    """Read a certificate. Raises AuthorityError."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise AuthorityError("not a certificate in PEM. Restore it from a backup.") from error


def load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a private key. Raises AuthorityError."""
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise AuthorityError("not a private key in PEM. Restore it from a backup.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AuthorityError("not a key on an elliptic curve, as this box makes them. Restore a backup.")
    return key


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, as tablets and browsers show it: pairs with colons."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def days_left(certificate: x509.Certificate, at: datetime) -> int:
    """Return the whole days that a certificate is still valid; negative when it has ended."""
    return (certificate.not_valid_after_utc - at) // timedelta(days=1)


def hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the host names and addresses in a server's certificate."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def checked_host(host: str) -> str:
    """Return a host name or IP address in its usual form, or raise AuthorityError."""
    text = host.strip().rstrip(".").lower()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        if not _HOST_NAME.fullmatch(text) or text.rpartition(".")[2].isdigit():
            raise AuthorityError(
                f"host {host!r}: neither a host name nor an IP address. "
                "Give for instance nsp-box.lan or 192.168.1.10, without a port or a scheme."
            ) from None
        return text
    if address.is_unspecified or address.is_multicast:
        raise AuthorityError(f"host {host!r}: not the address of one machine. Give the box's own.")
    return str(address)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    at: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _EARLIER)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _permitted(hosts: Iterable[str]) -> list[x509.GeneralName]:
    nets = {str(ipaddress.ip_network(net)): None for net in _PRIVATE_NETS}
    names = dict.fromkeys(_PRIVATE_NAMES)
    for host in hosts:
        try:
            nets[str(ipaddress.ip_network(host))] = None  # one address
        except ValueError:
            names[host] = None
    return [
        *(x509.DNSName(name) for name in names),
        *(x509.IPAddress(ipaddress.ip_network(net)) for net in nets),
    ]


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
