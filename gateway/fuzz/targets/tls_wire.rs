//! What peers send and we read ourselves: the server name of a ClientHello, the contents of session
//! tickets, and DER.
//!
//! Input: one byte that chooses the parser, then its bytes. The parsers are private to
//! `gateway-tls`; their files are compiled into this program.

#![no_main]

// What the parsers' files name by `crate::`.
use gateway_tls::{chain, digest};

#[path = "../../tls/src/appdata.rs"]
#[allow(dead_code, reason = "only what is parsed is used")]
mod appdata;
#[path = "../../tls/src/der.rs"]
#[allow(dead_code, reason = "only what is parsed is used")]
mod der;
#[path = "../../tls/src/sni.rs"]
mod sni;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else {
        return;
    };
    match choice % 3 {
        0 => server_name(bytes),
        1 => ticket(bytes),
        _ => elements(bytes, 40),
    }
});

fn server_name(extension: &[u8]) {
    let Ok(name) = sni::parse(extension) else {
        return;
    };
    assert!(!name.is_empty() && name.len() <= 255 && !name.ends_with('.'));
    assert!(
        name.bytes()
            .all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
    );
    let mut written = Vec::new();
    written.extend((name.len() as u16 + 3).to_be_bytes());
    written.push(0);
    written.extend((name.len() as u16).to_be_bytes());
    written.extend(name.bytes());
    assert_eq!(sni::parse(&written).as_deref(), Ok(&*name));
    // Another spelling of the same name and nothing else was read.
    let sent = &extension[5..];
    let sent = sent.strip_suffix(b".").unwrap_or(sent);
    assert!(sent.eq_ignore_ascii_case(name.as_bytes()));
}

fn ticket(bytes: &[u8]) {
    let Some(ticket) = appdata::TicketData::decode(bytes) else {
        return;
    };
    let written = ticket.encode();
    assert_eq!(written.len(), bytes.len());
    assert_eq!(
        appdata::TicketData::decode(&written).as_ref(),
        Some(&ticket)
    );
    if let Some(chain) = &ticket.chain {
        assert_eq!(written, bytes);
        let known = chain::IntermediateStore::new(1 << 16);
        let leaf = bytes.get(..40).unwrap_or_default();
        let rebuilt = chain.rebuild(leaf, &known);
        assert!(rebuilt.is_none_or(|rebuilt| rebuilt.key() == chain.key));
    }
    let _ = digest::sha256(bytes);
}

/// The elements of `bytes` cover it without a gap, as far as it is DER.
fn elements(bytes: &[u8], depth: u32) {
    let mut reader = der::Reader::new(bytes);
    let mut covered = 0;
    while let Some(element) = reader.next() {
        assert_eq!(
            &bytes[covered..covered + element.encoding.len()],
            element.encoding
        );
        assert!(element.encoding.ends_with(element.contents));
        covered += element.encoding.len();
        if element.tag == der::OID
            && let Some(text) = der::oid_text(element.contents)
        {
            assert!(text.split('.').count() >= 2);
        }
        if let Some(time) = der::unix_time(element) {
            // The years that two or four digits can say.
            assert!((-62_167_219_200..=253_402_300_799).contains(&time));
        }
        if element.tag & 0x20 != 0 && depth > 0 {
            elements(element.contents, depth - 1);
        }
    }
    assert!(reader.is_empty() || covered < bytes.len());
}
