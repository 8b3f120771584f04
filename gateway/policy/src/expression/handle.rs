//! Parts of `context` as values.

use super::types::Basic;

/// A part of `context`, or of a response that a policy fetched. It carries no data: members read the evaluation's [`crate::context::Context`]
/// at the moment of use, as the objects of APIM do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the member of `context` of its name")]
pub enum Handle {
    Context,
    Api,
    Operation,
    Subscription,
    Product,
    SubscriptionKeyNames,
    Request,
    Response,
    Variables,
    LastError,
    Deployment,
    Gateway,
    Certificates,
    IdentityLists,
    RequestUrl,
    OriginalUrl,
    ServiceUrl,
    RequestQuery,
    OriginalQuery,
    ServiceQuery,
    RequestHeaders,
    ResponseHeaders,
    MatchedParameters,
    RequestBody,
    ResponseBody,
    /// The response to a request that a policy sent, and its parts, by the order of arrival.
    SentResponse(u32),
    SentHeaders(u32),
    SentBody(u32),
}

impl Handle {
    /// Its static type.
    pub(crate) fn basic(self) -> Basic {
        match self {
            Self::Context => Basic::Context,
            Self::Api => Basic::Api,
            Self::Operation => Basic::Operation,
            Self::Subscription => Basic::Subscription,
            Self::Product => Basic::Product,
            Self::SubscriptionKeyNames => Basic::SubscriptionKeyParameterNames,
            Self::Request => Basic::Request,
            Self::Response | Self::SentResponse(_) => Basic::Response,
            Self::Variables => Basic::VariableMap,
            Self::LastError => Basic::LastError,
            Self::Deployment => Basic::Deployment,
            Self::Gateway => Basic::Gateway,
            Self::Certificates => Basic::CertificateMap,
            Self::IdentityLists => Basic::IdentityLists,
            Self::RequestUrl | Self::OriginalUrl | Self::ServiceUrl => Basic::Url,
            Self::RequestQuery | Self::OriginalQuery | Self::ServiceQuery => Basic::QueryMap,
            Self::RequestHeaders | Self::ResponseHeaders | Self::SentHeaders(_) => Basic::HeaderMap,
            Self::MatchedParameters => Basic::ParameterMap,
            Self::RequestBody | Self::ResponseBody | Self::SentBody(_) => Basic::MessageBody,
        }
    }
}
