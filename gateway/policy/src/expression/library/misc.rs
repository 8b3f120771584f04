//! `Guid` and `Random`.

use super::arguments::{bytes, int, object, optional_text, text, value};
use super::formatting::to_string_format;
use super::registry::Group;
use super::{full, pure};
use crate::expression::exception::{Exception, names};
use crate::expression::guid;
use crate::expression::machine::Machine;
use crate::expression::object::{Object, lock};
use crate::expression::random::SeededRandom;
use crate::expression::value::Value;

pub(super) static GUID: Group = Group {
    owner: "Guid",
    entries: &[
        pure("static Guid Empty", |_, _| Ok(Value::Guid([0; 16]))),
        full("static Guid NewGuid()", |machine, _| {
            let mut bytes = [0_u8; 16];
            machine.host.random(&mut bytes);
            // Version 4, variant 10 (RFC 9562 section 5.4).
            let [a, b, c, d, e, f, g, h, i, rest @ ..] = bytes;
            let [j, k, l, m, n, o, p] = rest;
            let (g, i) = ((g & 0x0f) | 0x40, (i & 0x3f) | 0x80);
            Ok(Value::Guid([
                a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p,
            ]))
        }),
        pure("static Guid Parse(string input)", |_, args| {
            parse(text(args, 0, "input")?)
        }),
        full(
            "static bool TryParse(string input, out Guid result)",
            |machine, args| {
                let parsed = optional_text(args, 0).and_then(|text| guid::parse(text));
                machine.outs.push(Value::Guid(parsed.unwrap_or_default()));
                Ok(Value::Bool(parsed.is_some()))
            },
        ),
        pure("new(string g)", |_, args| parse(text(args, 0, "g")?)),
        pure("new(byte[] b)", |_, args| {
            let bytes: [u8; 16] = bytes(args, 0, "b")?.try_into().map_err(|_| {
                Exception::new(
                    names::ARGUMENT,
                    "Byte array for Guid must be exactly 16 bytes long. (Parameter 'b')",
                )
            })?;
            Ok(Value::Guid(guid::to_net(&bytes)))
        }),
        pure("string ToString(string format)", to_string_format),
        pure("byte[] ToByteArray()", |_, args| match args.first() {
            Some(Value::Guid(bytes)) => Ok(Value::bytes(guid::to_net(bytes).to_vec())),
            _ => Err(Exception::null_reference()),
        }),
        pure("int CompareTo(Guid value)", |_, args| {
            Ok(Value::Int(
                super::compare_values(&value(args, 0), &value(args, 1), None)? as i32,
            ))
        }),
    ],
};

fn parse(text: &str) -> Result<Value, Exception> {
    guid::parse(text).map(Value::Guid).ok_or_else(|| {
        Exception::format(
            "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).",
        )
    })
}

pub(super) static RANDOM: Group = Group {
    owner: "Random",
    entries: &[
        full("new()", |_, _| Ok(Value::object(Object::Random(None)))),
        full("new(int Seed)", |_, args| {
            let seeded = SeededRandom::new(int(args, 0));
            Ok(Value::object(Object::Random(Some(seeded.into()))))
        }),
        full("int Next()", |machine, args| {
            next(machine, args, 0, i32::MAX)
        }),
        full("int Next(int maxValue)", |machine, args| {
            let high = int(args, 1);
            if high < 0 {
                return Err(Exception::argument_range(
                    "'maxValue' must be greater than zero.",
                    "maxValue",
                ));
            }
            next(machine, args, 0, high)
        }),
        full("int Next(int minValue, int maxValue)", |machine, args| {
            let (low, high) = (int(args, 1), int(args, 2));
            if low > high {
                return Err(Exception::argument_range(
                    "'minValue' cannot be greater than maxValue.",
                    "minValue",
                ));
            }
            next(machine, args, low, high)
        }),
        full("double NextDouble()", |machine, args| {
            sample(machine, args).map(Value::Double)
        }),
        full("void NextBytes(byte[] buffer)", |machine, args| {
            let Object::Bytes(buffer) = object(args, 1, "buffer")?.as_ref() else {
                return Err(Exception::argument_null("buffer"));
            };
            let length = lock(buffer).len();
            machine.budget.charge(length as u64 / 8)?;
            let mut fresh = vec![0_u8; length];
            match object(args, 0, "this")?.as_ref() {
                Object::Random(Some(seeded)) => {
                    let mut seeded = lock(seeded);
                    for byte in &mut fresh {
                        *byte = u8::try_from(seeded.sample() & 0xff).unwrap_or_default();
                    }
                }
                _ => machine.host.random(&mut fresh),
            }
            *lock(buffer) = fresh;
            Ok(Value::Null)
        }),
    ],
};

fn next(
    machine: &mut Machine<'_>,
    args: &[Value],
    low: i32,
    high: i32,
) -> Result<Value, Exception> {
    if low == 0
        && high == i32::MAX
        && let Object::Random(Some(seeded)) = object(args, 0, "this")?.as_ref()
    {
        return Ok(Value::Int(lock(seeded).sample()));
    }
    let range = i64::from(high) - i64::from(low);
    let sample = sample(machine, args)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "the sample is below 1, and the range below 2^32"
    )]
    let offset = (sample * range as f64) as i64;
    Ok(Value::Int(
        i32::try_from(i64::from(low) + offset).unwrap_or(low),
    ))
}

fn sample(machine: &mut Machine<'_>, args: &[Value]) -> Result<f64, Exception> {
    match object(args, 0, "this")?.as_ref() {
        Object::Random(Some(seeded)) => Ok(lock(seeded).double()),
        _ => {
            let mut bytes = [0_u8; 8];
            machine.host.random(&mut bytes);
            // 53 bits, as a double holds.
            #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
            let sample = (u64::from_ne_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64;
            Ok(sample)
        }
    }
}
