//! `IPAddress`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::key::{Key, equals};
use crate::expression::library::arguments::{optional_text, text, value};
use crate::expression::library::registry::Group;
use crate::expression::library::{full, pure};
use crate::expression::types::{Basic, Enumeration, Type};
use crate::expression::value::Value;

#[derive(Debug)]
struct Address {
    address: IpAddr,
    /// Zone of an IPv6 address (RFC 4007 section 11), where it is a number.
    scope: u32,
}

impl Foreign for Address {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::IpAddress)
    }

    fn print(&self) -> Result<String, Exception> {
        Ok(if self.scope == 0 {
            self.address.to_string()
        } else {
            format!("{}%{}", self.address, self.scope)
        })
    }

    fn key(&self) -> Option<Key> {
        let bits = match self.address {
            IpAddr::V4(address) => Key::Scalar(19, i128::from(address.to_bits())),
            IpAddr::V6(address) => Key::Scalar(20, address.to_bits().cast_signed()),
        };
        Some(Key::Parts(vec![
            bits,
            Key::Scalar(21, i128::from(self.scope)),
        ]))
    }
}

/// One to four numbers, decimal, octal after `0` or hexadecimal after `0x`; the last fills what is
/// left (.NET documentation, `IPAddress.Parse`).
fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    let parts = text
        .split('.')
        .map(|part| {
            let (digits, radix) = match part.strip_prefix("0x").or(part.strip_prefix("0X")) {
                Some(hex) => (hex, 16),
                None if part.len() > 1 && part.starts_with('0') => (part, 8),
                None => (part, 10),
            };
            if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return None;
            }
            u32::from_str_radix(digits, radix).ok()
        })
        .collect::<Option<Vec<u32>>>()?;
    let (last, firsts) = parts.split_last()?;
    if firsts.len() > 3 || firsts.iter().any(|part| *part > 255) {
        return None;
    }
    let mut bits: u32 = 0;
    for (index, part) in firsts.iter().enumerate() {
        bits |= part << (24 - 8 * index);
    }
    let room = 32 - 8 * u32::try_from(firsts.len()).ok()?;
    if room < 32 && *last >= 1 << room {
        return None;
    }
    Some(Ipv4Addr::from_bits(bits | last))
}

fn parse(text: &str) -> Option<Address> {
    if !text.contains(':') {
        let address = IpAddr::V4(parse_v4(text)?);
        return Some(Address { address, scope: 0 });
    }
    // Brackets and a port are read over.
    let inner = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, port) = rest.split_once(']')?;
            if !port.is_empty() {
                port.strip_prefix(':')?.parse::<u16>().ok()?;
            }
            inner
        }
        None => text,
    };
    let (address, scope) = match inner.split_once('%') {
        Some((address, scope)) => (address, scope.parse().ok()?),
        None => (inner, 0),
    };
    let address: Ipv6Addr = address.parse().ok()?;
    Some(Address {
        address: IpAddr::V6(address),
        scope,
    })
}

pub(super) static IP_ADDRESS: Group = Group {
    owner: "IPAddress",
    entries: &[
        pure("static IPAddress Parse(string ipString)", |_, args| {
            parse(text(args, 0, "ipString")?)
                .map(Value::foreign)
                .ok_or_else(|| Exception::format("An invalid IP address was specified."))
        }),
        full(
            "static bool TryParse(string ipString, out IPAddress address)",
            |machine, args| {
                let parsed = optional_text(args, 0).and_then(|text| parse(text));
                let valid = parsed.is_some();
                machine
                    .outs
                    .push(parsed.map_or(Value::Null, Value::foreign));
                Ok(Value::Bool(valid))
            },
        ),
        pure("static bool IsLoopback(IPAddress address)", |_, args| {
            let address = args
                .first()
                .and_then(Value::as_foreign::<Address>)
                .ok_or_else(|| Exception::argument_null("address"))?;
            Ok(Value::Bool(address.address.to_canonical().is_loopback()))
        }),
        pure("AddressFamily AddressFamily", |_, args| {
            // Numbers of `System.Net.Sockets.AddressFamily`.
            let number = match this(args)?.address {
                IpAddr::V4(_) => 2,
                IpAddr::V6(_) => 23,
            };
            Ok(Value::Enum(Enumeration::AddressFamily, number))
        }),
        pure("byte[] GetAddressBytes()", |_, args| {
            Ok(Value::bytes(match this(args)?.address {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            }))
        }),
        pure("bool Equals(object comparand)", |_, args| {
            Ok(Value::Bool(equals(&value(args, 0), &value(args, 1))))
        }),
    ],
};

fn this(args: &[Value]) -> Result<&Address, Exception> {
    args.first()
        .and_then(Value::as_foreign)
        .ok_or_else(Exception::null_reference)
}
