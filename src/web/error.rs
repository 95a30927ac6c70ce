//! What the browser receives when a request fails.

use actix_web::{
    HttpResponse, ResponseError,
    error::BlockingError,
    http::{StatusCode, header::RETRY_AFTER},
};

use crate::provider::{self, audit::codes};

/// A failed request, logged once, here. `web::layer::trace` adds a page without detail.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The blocking task did not run to completion.
    #[error("the work was cut short")]
    Blocking(#[source] BlockingError),
    #[error(transparent)]
    Provider(#[from] provider::error::Error),
    /// The request body did not arrive in time; not a failure of ours.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The database did not answer in time, so the outcome of the step is unknown.
    #[error("the database did not answer in time")]
    StepTimeout,
    /// The wait for a permit would be too long.
    #[error("there is no room now")]
    Busy {
        /// After how many seconds to try again.
        seconds: u64,
    },
    /// The client disconnected while its request waited: nobody reads the response.
    #[error("the client has left")]
    ClientDisconnected,
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Provider(error) if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Provider(
                provider::error::Error::Forbidden | provider::error::Error::FreshAuthenticationNeeded,
            ) => StatusCode::FORBIDDEN,
            Self::StepTimeout | Self::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::BodyTimeout | Self::ClientDisconnected => StatusCode::REQUEST_TIMEOUT,
            Self::Blocking(_) | Self::Provider(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::BodyTimeout | Self::ClientDisconnected => tracing::debug!("{self}"),
            // The queue logs this, at limited frequency.
            Self::Busy { seconds } => {
                return HttpResponse::build(self.status_code())
                    .insert_header((RETRY_AFTER, *seconds))
                    .finish();
            }
            Self::Blocking(_) | Self::Provider(_) | Self::StepTimeout => tracing::error!(
                code = codes::FAILURE,
                error = self as &dyn std::error::Error,
                "request failed"
            ),
        }
        HttpResponse::build(self.status_code()).finish()
    }
}
