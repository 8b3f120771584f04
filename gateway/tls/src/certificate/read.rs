//! Walks a certificate's DER and takes down what is matched on.

use std::sync::Arc;

use super::{CertificateError, CertificateFacts, KeyUsage};
use crate::der::{self, Element, Reader};
use crate::digest;
use crate::name::{Name, string_text};

/// Walks `Certificate` and `TBSCertificate` (RFC 5280, 4.1).
pub(super) fn read(bytes: &[u8]) -> Result<CertificateFacts, CertificateError> {
    use CertificateError::Malformed;
    const VERSION: u8 = 0xa0;
    const ISSUER_UNIQUE_ID: u8 = 0x81;
    const SUBJECT_UNIQUE_ID: u8 = 0x82;
    const EXTENSIONS: u8 = 0xa3;

    let mut outer = Reader::new(bytes)
        .expect(der::SEQUENCE)
        .ok_or(Malformed("structure"))?
        .reader();
    let mut tbs = outer
        .expect(der::SEQUENCE)
        .ok_or(Malformed("structure"))?
        .reader();
    let signature_algorithm = algorithm(outer.next()).ok_or(Malformed("signature algorithm"))?;

    let version = match tbs.optional(VERSION) {
        None => 1,
        Some(version) => match version
            .reader()
            .expect(der::INTEGER)
            .map(|number| number.contents)
        {
            Some([number @ 0..=2]) => u32::from(*number) + 1,
            _ => return Err(Malformed("version")),
        },
    };
    let serial = tbs.expect(der::INTEGER).ok_or(Malformed("serial number"))?;
    tbs.expect(der::SEQUENCE)
        .ok_or(Malformed("signature algorithm"))?;
    let issuer = name(&mut tbs).ok_or(Malformed("issuer"))?;
    let mut validity = tbs
        .expect(der::SEQUENCE)
        .ok_or(Malformed("validity"))?
        .reader();
    let not_before = validity
        .next()
        .and_then(der::unix_time)
        .ok_or(Malformed("notBefore"))?;
    let not_after = validity
        .next()
        .and_then(der::unix_time)
        .ok_or(Malformed("notAfter"))?;
    let subject = name(&mut tbs).ok_or(Malformed("subject"))?;
    let spki = tbs.expect(der::SEQUENCE).ok_or(Malformed("public key"))?;
    let public_key_algorithm = algorithm(spki.reader().next()).ok_or(Malformed("public key"))?;
    tbs.optional(ISSUER_UNIQUE_ID);
    tbs.optional(SUBJECT_UNIQUE_ID);

    let mut facts = CertificateFacts {
        der: Arc::from(bytes),
        sha1: digest::sha1(bytes),
        sha256: digest::sha256(bytes),
        spki_sha256: digest::sha256(spki.encoding),
        serial: serial.contents.to_vec(),
        subject,
        issuer,
        not_before,
        not_after,
        version,
        signature_algorithm,
        public_key_algorithm,
        public_key_bits: None,
        dns_names: Vec::new(),
        email_addresses: Vec::new(),
        uris: Vec::new(),
        ip_addresses: Vec::new(),
        user_principal_names: Vec::new(),
        is_ca: false,
        key_usage: None,
        extended_key_usage: None,
        subject_key_id: None,
        authority_key_id: None,
    };
    if let Some(extensions) = tbs.optional(EXTENSIONS) {
        read_extensions(&mut facts, extensions)?;
    }
    Ok(facts)
}

fn algorithm(element: Option<Element<'_>>) -> Option<String> {
    der::oid_text(element?.reader().expect(der::OID)?.contents)
}

fn name(reader: &mut Reader<'_>) -> Option<Name> {
    Name::from_der(reader.expect(der::SEQUENCE)?)
}

fn read_extensions(
    facts: &mut CertificateFacts,
    element: Element<'_>,
) -> Result<(), CertificateError> {
    let malformed = || CertificateError::Malformed("extensions");
    let mut list = element
        .reader()
        .expect(der::SEQUENCE)
        .ok_or_else(malformed)?
        .reader();
    let mut seen = Vec::new();
    while !list.is_empty() {
        let mut extension = list.expect(der::SEQUENCE).ok_or_else(malformed)?.reader();
        let oid = extension.expect(der::OID).ok_or_else(malformed)?.contents;
        extension.optional(der::BOOLEAN);
        let value = extension
            .expect(der::OCTET_STRING)
            .ok_or_else(malformed)?
            .contents;
        // RFC 5280, 4.2: not more than one instance. Two would let two readers see two certificates.
        if seen.contains(&oid) {
            return Err(CertificateError::Malformed(
                "extensions (one is there twice)",
            ));
        }
        seen.push(oid);
        read_extension(facts, oid, value)?;
    }
    Ok(())
}

/// The extensions of the arc 2.5.29 that somebody matches on; all others are OpenSSL's business.
fn read_extension(
    facts: &mut CertificateFacts,
    oid: &[u8],
    value: &[u8],
) -> Result<(), CertificateError> {
    let Some((&kind, [0x55, 0x1d])) = oid.split_last() else {
        return Ok(());
    };
    let mut reader = Reader::new(value);
    match kind {
        14 => {
            let id = reader.expect(der::OCTET_STRING);
            facts.subject_key_id = id.map(|id| id.contents.to_vec());
        }
        15 => {
            let usage = reader
                .expect(der::BIT_STRING)
                .and_then(|bits| key_usage(bits.contents));
            facts.key_usage = Some(usage.ok_or(CertificateError::Malformed("key usage"))?);
        }
        17 => read_alternative_names(facts, reader)
            .ok_or(CertificateError::Malformed("subject alternative name"))?,
        19 => {
            let constraints = reader
                .expect(der::SEQUENCE)
                .ok_or(CertificateError::Malformed("basic constraints"))?;
            facts.is_ca = constraints
                .reader()
                .optional(der::BOOLEAN)
                .is_some_and(|flag| flag.contents != [0]);
        }
        35 => {
            const KEY_IDENTIFIER: u8 = 0x80;
            let mut fields = reader
                .expect(der::SEQUENCE)
                .ok_or(CertificateError::Malformed("authority key identifier"))?
                .reader();
            facts.authority_key_id = fields
                .optional(KEY_IDENTIFIER)
                .map(|id| id.contents.to_vec());
        }
        37 => {
            let purposes = extended_key_usage(reader);
            facts.extended_key_usage =
                Some(purposes.ok_or(CertificateError::Malformed("extended key usage"))?);
        }
        _ => {}
    }
    Ok(())
}

fn key_usage(bits: &[u8]) -> Option<KeyUsage> {
    let (_unused, octets) = bits.split_first()?;
    let usage = octets
        .iter()
        .take(2)
        .enumerate()
        .fold(0_u16, |usage, (index, octet)| {
            usage | (u16::from(octet.reverse_bits()) << (index * 8))
        });
    Some(KeyUsage(usage))
}

fn extended_key_usage(mut reader: Reader<'_>) -> Option<Vec<String>> {
    let mut list = reader.expect(der::SEQUENCE)?.reader();
    let mut purposes = Vec::new();
    while !list.is_empty() {
        purposes.push(der::oid_text(list.expect(der::OID)?.contents)?);
    }
    Some(purposes)
}

fn read_alternative_names(facts: &mut CertificateFacts, mut reader: Reader<'_>) -> Option<()> {
    const OTHER_NAME: u8 = 0xa0;
    const EMAIL: u8 = 0x81;
    const DNS: u8 = 0x82;
    const URI: u8 = 0x86;
    const IP: u8 = 0x87;
    let mut names = reader.expect(der::SEQUENCE)?.reader();
    while !names.is_empty() {
        let entry = names.next()?;
        match entry.tag {
            OTHER_NAME => facts
                .user_principal_names
                .extend(user_principal_name(entry)),
            EMAIL => facts.email_addresses.extend(ascii(entry.contents)),
            DNS => facts.dns_names.extend(ascii(entry.contents)),
            URI => facts.uris.extend(ascii(entry.contents)),
            IP => facts.ip_addresses.push(entry.contents.to_vec()),
            _ => {}
        }
    }
    Some(())
}

fn user_principal_name(entry: Element<'_>) -> Option<String> {
    const UPN: &str = "1.3.6.1.4.1.311.20.2.3";
    const VALUE: u8 = 0xa0;
    let mut fields = entry.reader();
    let kind = der::oid_text(fields.expect(der::OID)?.contents)?;
    let value = fields.expect(VALUE)?.reader().next()?;
    (kind == UPN).then(|| string_text(value.tag, value.contents))?
}

/// An `IA5String`. One that is not ASCII is left out: nothing may match it.
fn ascii(contents: &[u8]) -> Option<String> {
    contents
        .is_ascii()
        .then(|| contents.iter().map(|byte| char::from(*byte)).collect())
}
