//! The code of docs/shapes.md that is in no program, and what it does.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt, future::join_all, stream};
use tokio::time::{Instant, error::Elapsed, sleep, timeout_at};

/// Which items have begun; a clone is in each that has not ended.
type Begun = Arc<Mutex<Vec<u32>>>;

/// Item 3 fails, and each takes as many milliseconds as it is called.
async fn ask(item: u32, begun: Begun) -> Result<u32, String> {
    begun.lock().unwrap().push(item);
    sleep(Duration::from_millis(item.into())).await;
    if item == 3 { Err(format!("{item} failed")) } else { Ok(item) }
}

async fn stop_at_the_first_error(items: &[u32], limit: usize, begun: &Begun) -> Result<Vec<u32>, String> {
    let mut rows = stream::iter(items).map(|&item| ask(item, begun.clone())).buffer_unordered(limit);
    let mut done = Vec::new();
    while let Some(row) = rows.next().await {
        done.push(row?); // returns: `rows` is dropped, and with it the items in flight
    }
    Ok(done)
}

async fn one_deadline_for_all(
    items: &[u32],
    limit: usize,
    end: Instant,
    begun: &Begun,
) -> Vec<(u32, Result<Result<u32, String>, Elapsed>)> {
    stream::iter(items)
        .map(async |&item| (item, timeout_at(end, ask(item, begun.clone())).await))
        .buffer_unordered(limit)
        .collect()
        .await
}

#[tokio::test(start_paused = true)]
async fn the_first_error_drops_the_items_in_flight_and_asks_no_others() {
    let begun = Begun::default();
    let stopped = stop_at_the_first_error(&[9, 3, 1, 8, 7], 2, &begun).await;
    assert_eq!((stopped, Arc::strong_count(&begun)), (Err("3 failed".to_owned()), 1));
    assert_eq!(*begun.lock().unwrap(), [9, 3]);
    assert_eq!(stop_at_the_first_error(&[2, 1], 2, &begun).await, Ok(vec![1, 2]));
}

#[tokio::test(start_paused = true)]
async fn after_the_one_deadline_each_item_is_named() {
    let (begun, end) = (Begun::default(), Instant::now() + Duration::from_millis(100));
    let rows = one_deadline_for_all(&[1, 200, 2, 300, 400], 2, end, &begun).await;
    let answered: Vec<u32> = rows.iter().filter(|(_, row)| row.is_ok()).map(|(item, _)| *item).collect();
    assert_eq!((answered, rows.len(), Arc::strong_count(&begun)), (vec![1, 2], 5, 1));
}

/// How often `join_all` polls all of its items together, when they wake one after another.
async fn polls(items: u64) -> u64 {
    let polls = Mutex::new(0);
    let item = async |item| {
        let mut nap = pin!(sleep(Duration::from_millis(item)));
        poll_fn(|context| {
            *polls.lock().unwrap() += 1;
            nap.as_mut().poll(context)
        })
        .await;
    };
    join_all((1..=items).map(item)).await;
    polls.into_inner().unwrap()
}

#[tokio::test(start_paused = true)]
async fn join_all_polls_only_the_items_that_wake_when_there_are_more_than_thirty() {
    assert_eq!(polls(30).await, 30 + 30 * 31 / 2);
    assert_eq!(polls(31).await, 2 * 31);
    assert_eq!(polls(1000).await, 2 * 1000);
}
