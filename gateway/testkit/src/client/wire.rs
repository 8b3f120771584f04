//! The client's TCP connection, which lets the reading side say how it ended.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A server that refuses a client certificate in TLS 1.3 sends its alert and closes while the client
/// is already writing its request. The write then fails, and the alert, which has arrived, would
/// never be read. So a failed write is remembered and what was to be written is dropped; reading goes
/// on to the alert, and reports the remembered failure where the stream ends without one.
#[derive(Debug)]
pub(super) struct Wire {
    tcp: TcpStream,
    broken: Option<io::Error>,
    is_broken: bool,
}

impl Wire {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            broken: None,
            is_broken: false,
        }
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = std::task::ready!(Pin::new(&mut self.tcp).poll_read(context, buffer));
        let ended = outcome.is_ok() && buffer.filled().len() == before && buffer.remaining() > 0;
        match self.broken.take() {
            Some(error) if ended => Poll::Ready(Err(error)),
            still => {
                self.broken = still;
                Poll::Ready(outcome)
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_broken {
            return Poll::Ready(Ok(bytes.len()));
        }
        match std::task::ready!(Pin::new(&mut self.tcp).poll_write(context, bytes)) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                ) =>
            {
                self.broken = Some(error);
                self.is_broken = true;
                Poll::Ready(Ok(bytes.len()))
            }
            outcome => Poll::Ready(outcome),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
