//! What is always `null` here: users (a subscription has an owner only by name), workspaces, private
//! endpoints. As in APIM a call without them finds `null`, and whoever reads a member of it fails.

use crate::expression::exception::Exception;
use crate::expression::library::context::Outcome;
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::value::Value;

fn null(_: &mut Machine<'_>, _: &[Value]) -> Outcome {
    Ok(Value::Null)
}

fn of_null(_: &mut Machine<'_>, _: &[Value]) -> Outcome {
    Err(Exception::null_reference())
}

pub(super) static CONTEXT: Group = Group {
    owner: "IProxyRequestContext",
    entries: &[full("IUser User", null), full("IWorkspace Workspace", null)],
};

pub(super) static REQUEST: Group = Group {
    owner: "IRequest",
    entries: &[full(
        "IPrivateEndpointConnection PrivateEndpointConnection",
        null,
    )],
};

pub(super) static USER: Group = Group {
    owner: "IUser",
    entries: &[
        full("string Email", of_null),
        full("string FirstName", of_null),
        full("IEnumerable<IGroup> Groups", of_null),
        full("string Id", of_null),
        full("IEnumerable<IUserIdentity> Identities", of_null),
        full("string LastName", of_null),
        full("string Note", of_null),
        full("DateTime RegistrationDate", of_null),
    ],
};

pub(super) static GROUP: Group = Group {
    owner: "IGroup",
    entries: &[full("string Id", of_null), full("string Name", of_null)],
};

pub(super) static IDENTITY: Group = Group {
    owner: "IUserIdentity",
    entries: &[full("string Id", of_null), full("string Provider", of_null)],
};

pub(super) static WORKSPACE: Group = Group {
    owner: "IWorkspace",
    entries: &[full("string Id", of_null), full("string Name", of_null)],
};

pub(super) static PRIVATE_ENDPOINT: Group = Group {
    owner: "IPrivateEndpointConnection",
    entries: &[
        full("string Name", of_null),
        full("string GroupId", of_null),
        full("string MemberName", of_null),
    ],
};
