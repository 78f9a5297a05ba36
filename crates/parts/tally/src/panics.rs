//! A driver's panic as an item's failure.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

use anyhow::{Result, anyhow};
use pin_project_lite::pin_project;

thread_local! {
    /// Items that this thread works on: several, where coroutines share it.
    static WORKING: Cell<usize> = const { Cell::new(0) };
}

/// Works on an item. A panic, such as a driver's about what a server sent, is that item's failure and prints nothing.
///
/// # Errors
/// Those of the item; when it panics, the panic's message.
pub fn catch_panic<T>(item: impl FnOnce() -> Result<T>) -> Result<T> {
    catch(item).flatten()
}

/// [`catch_panic`] for an item that waits in an event loop.
///
/// # Errors
/// As [`catch_panic`].
pub fn catch_panic_async<T>(item: impl Future<Output = Result<T>>) -> impl Future<Output = Result<T>> {
    Item { item }
}

pin_project! {
    /// No `async fn`: that would have room for the item twice, as its argument and where it is pinned.
    struct Item<F> {
        #[pin]
        item: F,
    }
}

impl<T, F: Future<Output = Result<T>>> Future for Item<F> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<Result<T>> {
        let item = self.project().item;
        catch(|| item.poll(context)).unwrap_or_else(|panic| Poll::Ready(Err(panic)))
    }
}

fn catch<T>(work: impl FnOnce() -> T) -> Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if WORKING.get() == 0 {
                loud(panic);
            }
        }));
    });
    WORKING.set(WORKING.get() + 1);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    WORKING.set(WORKING.get().saturating_sub(1)); // a coroutine may end on another thread than it began on
    outcome.map_err(|panic| anyhow!("panicked: {}", said(&*panic)))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without a word")
}
