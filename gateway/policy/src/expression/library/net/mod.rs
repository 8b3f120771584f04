//! URIs, addresses, forms and escaping for the web.

mod address;
mod escaping;
mod forms;
mod html;
mod html_names;
mod uri;
mod uri_members;
mod uri_reference;
mod web_utility;

pub(crate) use html::encode as html_encode;
pub(crate) use web_utility::{url_decode, url_encode};

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[
    &uri_members::URI,
    &uri_members::URL,
    &escaping::ESCAPING,
    &web_utility::WEB_UTILITY,
    &address::IP_ADDRESS,
    &forms::BODY,
    &forms::FORM,
];
