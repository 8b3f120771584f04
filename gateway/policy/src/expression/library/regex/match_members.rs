//! Members of `Match`, `Group`, `Capture` and their collections.

use super::objects::{Matches, Part, View, view};
use super::replacement::Replacement;
use super::running::none;
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{int, text};
use crate::expression::library::pure;
use crate::expression::library::registry::Group;
use crate::expression::library::strings::int_of;
use crate::expression::value::Value;

pub(super) static MATCH: Group = Group {
    owner: "Match",
    entries: &[
        pure("static Match Empty", |_, _| Ok(none())),
        pure("GroupCollection Groups", |_, args| {
            Ok(View::value(&view(args)?.found, Part::Groups))
        }),
        pure("string Result(string replacement)", |budget, args| {
            let found = &view(args)?.found;
            let source = text(args, 1, "replacement")?;
            let Some(pattern) = &found.pattern else {
                return Err(Exception::new(
                    names::NOT_SUPPORTED,
                    "Result cannot be called on a failed Match.",
                ));
            };
            let mut out = String::new();
            Replacement::parse(source, pattern).expand(budget, found, &mut out)?;
            Ok(Value::from(out))
        }),
    ],
};

pub(super) static GROUP: Group = Group {
    owner: "Group",
    entries: &[
        pure("bool Success", |_, args| {
            Ok(Value::Bool(view(args)?.span().is_some()))
        }),
        pure("CaptureCollection Captures", |_, args| {
            let view = view(args)?;
            Ok(View::value(&view.found, Part::Captures(view.slot())))
        }),
    ],
};

pub(super) static CAPTURE: Group = Group {
    owner: "Capture",
    entries: &[
        pure("string Value", |budget, args| {
            let text = view(args)?.text();
            budget.allocate(text.len())?;
            Ok(Value::from(text))
        }),
        pure("int Index", |_, args| {
            Ok(int_of(view(args)?.span().unwrap_or_default().0))
        }),
        pure("int Length", |_, args| {
            let (start, end) = view(args)?.span().unwrap_or_default();
            Ok(int_of(end - start))
        }),
    ],
};

pub(super) static GROUPS: Group = Group {
    owner: "GroupCollection",
    entries: &[
        pure("int Count", |_, args| {
            Ok(int_of(view(args)?.found.captures.slots()))
        }),
        pure("Group this[int groupnum]", |_, args| {
            Ok(view(args)?.group(i64::from(int(args, 1))))
        }),
        pure("Group this[string groupname]", |_, args| {
            Ok(view(args)?.named(text(args, 1, "groupname")?))
        }),
    ],
};

pub(super) static CAPTURES: Group = Group {
    owner: "CaptureCollection",
    entries: &[
        pure("int Count", |_, args| Ok(int_of(captures(args)?.1))),
        pure("Capture this[int i]", |_, args| {
            let (slot, count) = captures(args)?;
            let index = usize::try_from(int(args, 1))
                .ok()
                .filter(|index| *index < count)
                .ok_or_else(|| out_of_range("i"))?;
            let found = &view(args)?.found;
            Ok(View::value(found, Part::Capture(slot, index)))
        }),
    ],
};

/// The slot and the number of captures.
fn captures(args: &[Value]) -> Result<(usize, usize), Exception> {
    let view = view(args)?;
    Ok(match view.part {
        Part::Captures(Some(slot)) => (slot, view.found.captures.of(slot).len()),
        _ => (0, 0),
    })
}

pub(super) static MATCHES: Group = Group {
    owner: "MatchCollection",
    entries: &[
        pure("int Count", |_, args| Ok(int_of(matches(args)?.0.len()))),
        pure("Match this[int i]", |_, args| {
            let found = usize::try_from(int(args, 1))
                .ok()
                .and_then(|index| matches(args).map(|all| all.0.get(index)).transpose())
                .ok_or_else(|| out_of_range("i"))??;
            Ok(View::value(found, Part::Match))
        }),
    ],
};

fn matches(args: &[Value]) -> Result<&Matches, Exception> {
    args.first()
        .and_then(Value::as_foreign)
        .ok_or_else(Exception::null_reference)
}

fn out_of_range(name: &str) -> Exception {
    Exception::argument_range(
        "Specified argument was out of the range of valid values.",
        name,
    )
}
