//! What happens to the items of a shape when the whole is dropped while they wait: it depends on what owns them.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;

use futures::{StreamExt, future::join_all, stream, stream::FuturesUnordered};
use tokio::{sync::Semaphore, task::JoinSet, task::yield_now};
use tokio_util::task::TaskTracker;

/// How many items there are; all are in flight.
const ITEMS: usize = 3;

/// An item that waits for ever, as long as it exists.
type Item = Arc<()>;

async fn wait(item: Item) {
    pending::<()>().await;
    drop(item);
}

/// A shape: waits for these items.
type Shape = fn(Vec<Item>) -> Pin<Box<dyn Future<Output = ()>>>;

/// How many of the items still exist after the whole was dropped.
async fn left(shape: Shape) -> usize {
    let item = Item::default();
    let mut whole = shape(vec![item.clone(); ITEMS]);
    tokio::select! {
        biased;
        () = &mut whole => unreachable!("its items wait for ever"),
        () = yield_now() => {}
    }
    yield_now().await; // spawned tasks begin
    assert_eq!(Arc::strong_count(&item), 1 + ITEMS);
    drop(whole);
    yield_now().await; // cancelled tasks are dropped
    Arc::strong_count(&item) - 1
}

#[tokio::test]
async fn what_is_not_spawned_is_dropped() {
    let shapes: [Shape; 5] = [
        |items| Box::pin(async { drop(join_all(items.into_iter().map(wait)).await) }),
        |items| Box::pin(async { stream::iter(items).map(wait).buffered(ITEMS).collect().await }),
        |items| Box::pin(async { stream::iter(items).map(wait).buffer_unordered(ITEMS).collect().await }),
        |items| Box::pin(async { stream::iter(items).for_each_concurrent(ITEMS, wait).await }),
        |items| {
            Box::pin(async { items.into_iter().map(wait).collect::<FuturesUnordered<_>>().collect().await })
        },
    ];
    for shape in shapes {
        assert_eq!(left(shape).await, 0);
    }
}

#[tokio::test]
async fn a_join_set_cancels_its_tasks() {
    assert_eq!(
        left(|items| Box::pin(async {
            drop(items.into_iter().map(wait).collect::<JoinSet<_>>().join_all().await)
        }))
        .await,
        0
    );
}

#[tokio::test]
async fn other_tasks_run_on() {
    let shapes: [Shape; 2] = [
        |items| {
            Box::pin(async {
                let (permits, tasks) = (Semaphore::new(ITEMS), TaskTracker::new());
                for item in items {
                    let _permit = permits.acquire().await;
                    tasks.spawn(wait(item));
                }
                tasks.close();
                tasks.wait().await;
            })
        },
        |items| {
            let spawned = stream::iter(items).map(|item| tokio::spawn(wait(item))).buffer_unordered(ITEMS);
            Box::pin(async { drop(spawned.collect::<Vec<_>>().await) })
        },
    ];
    for shape in shapes {
        assert_eq!(left(shape).await, ITEMS);
    }
}
