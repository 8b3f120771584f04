//! `RNGCryptoServiceProvider`.

use crate::expression::exception::{Exception, names};
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::{int, object};
use crate::expression::library::registry::Group;
use crate::expression::library::{full, pure};
use crate::expression::machine::Machine;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

#[derive(Debug)]
struct Generator;

impl Foreign for Generator {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::RandomNumbers)
    }
}

/// Fills elements of the array that is argument 1.
fn fill(
    machine: &mut Machine<'_>,
    args: &[Value],
    range: std::ops::Range<usize>,
    zeros: bool,
) -> Result<Value, Exception> {
    let target = object(args, 1, "data")?;
    machine.budget.allocate(range.len())?;
    machine.budget.charge(range.len() as u64 / 8)?;
    let mut fresh = vec![0; range.len()];
    machine.host.random(&mut fresh);
    for (at, byte) in range.zip(fresh) {
        let mut byte = byte;
        while byte == 0 && !zeros {
            machine.budget.charge(1)?;
            let mut one = [0];
            machine.host.random(&mut one);
            [byte] = one;
        }
        target.set_at(at, Value::Byte(byte));
    }
    Ok(Value::Null)
}

fn length(args: &[Value]) -> Result<usize, Exception> {
    Ok(object(args, 1, "data")?.count().unwrap_or_default())
}

pub(super) static RANDOM: Group = Group {
    owner: "RNGCryptoServiceProvider",
    entries: &[
        pure("new()", |_, _| Ok(Value::foreign(Generator))),
        pure("static RNGCryptoServiceProvider Create()", |_, _| {
            Ok(Value::foreign(Generator))
        }),
        full("void GetBytes(byte[] data)", |m, a| {
            let all = 0..length(a)?;
            fill(m, a, all, true)
        }),
        full(
            "void GetBytes(byte[] data, int offset, int count)",
            |m, a| {
                let length = length(a)?;
                let negative =
                    |name| Exception::argument_range("Non-negative number required.", name);
                let offset = usize::try_from(int(a, 2)).map_err(|_| negative("offset"))?;
                let count = usize::try_from(int(a, 3)).map_err(|_| negative("count"))?;
                match offset.checked_add(count) {
                    Some(end) if end <= length => fill(m, a, offset..end, true),
                    _ => Err(Exception::new(
                        names::ARGUMENT,
                        "Offset and length were out of bounds for the array or count is greater \
                         than the number of elements from index to the end of the source \
                         collection.",
                    )),
                }
            },
        ),
        full("void GetNonZeroBytes(byte[] data)", |m, a| {
            let all = 0..length(a)?;
            fill(m, a, all, false)
        }),
        pure("void Dispose()", |_, _| Ok(Value::Null)),
    ],
};
