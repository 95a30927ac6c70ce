use std::{
    future::{pending, ready},
    task::{Context, Poll, Waker},
};

use super::*;

const NO_LIMIT: Duration = Duration::from_hours(1);

fn request_from(address: &str) -> PermitRequest {
    PermitRequest {
        address: address.parse().unwrap(),
        is_known_device: false,
    }
}

fn granted(queue: &PermitQueue, asking: PermitRequest) -> Permit {
    match queue.acquire_or_enqueue(asking).unwrap() {
        QueueEntry::Granted(permit) => permit,
        QueueEntry::Queued(_) => panic!("it has to wait"),
    }
}

fn queued(queue: &PermitQueue, asking: PermitRequest) -> QueuedRequest {
    match queue.acquire_or_enqueue(asking).unwrap() {
        QueueEntry::Queued(queued_request) => queued_request,
        QueueEntry::Granted(_) => panic!("it need not wait"),
    }
}

#[test]
fn addresses_are_served_in_rotation() {
    let queue = PermitQueue::new("test", 1, 0, NO_LIMIT);
    let mut permit = granted(&queue, request_from("192.0.2.1"));
    let crowd = [
        "192.0.2.1",
        "192.0.2.1",
        "192.0.2.1",
        "2001:db8:1:1::1",
        "2001:db8:1:2::1",
    ];
    let mut queued_requests: Vec<_> = crowd
        .iter()
        .map(|address| {
            queued(
                &queue,
                PermitRequest {
                    address: client_network(request_from(address).address),
                    is_known_device: false,
                },
            )
        })
        .collect();
    queued_requests.push(queued(&queue, request_from("198.51.100.7")));
    let mut order = Vec::new();
    while order.len() < queued_requests.len() {
        drop(permit);
        let (n, next) = queued_requests
            .iter_mut()
            .enumerate()
            .find_map(|(n, queued_request)| queued_request.granted.try_recv().ok().map(|permit| (n, permit)))
            .unwrap();
        order.push(n);
        permit = next;
    }
    assert_eq!(order, [0, 3, 5, 1, 4, 2]);
}

#[test]
fn a_permit_is_reserved_for_known_devices_and_they_come_first() {
    let queue = PermitQueue::new("test", 2, 1, NO_LIMIT);
    let known = PermitRequest {
        is_known_device: true,
        ..request_from("192.0.2.9")
    };
    let first = granted(&queue, request_from("192.0.2.1"));
    let mut stranger = queued(&queue, request_from("192.0.2.2"));
    let second = granted(&queue, known);
    let mut waits = queued(&queue, known);
    drop(second);
    assert!(stranger.granted.try_recv().is_err(), "it is not theirs");
    let second = waits.granted.try_recv().unwrap();
    drop(first);
    let third = stranger.granted.try_recv().unwrap();
    drop((second, third));
    assert_eq!(queue.state().in_use, 0);
}

#[test]
fn one_account_that_floods_delays_no_unknown_device() {
    let queue = PermitQueue::new("test", 2, 1, INITIAL_MEAN * 8);
    let known = PermitRequest {
        is_known_device: true,
        ..request_from("192.0.2.9")
    };
    let mut permits = vec![granted(&queue, known), granted(&queue, known)];
    let mut flood: Vec<_> = (0..9).map(|_| queued(&queue, known)).collect();
    let mut stranger = queued(&queue, request_from("198.51.100.7"));
    permits.pop();
    // One of two permits is released: the flood still uses the reserved one, so this one goes to
    // the unknown device.
    let permit = stranger.granted.try_recv().unwrap();
    permits.pop();
    assert!(flood[0].granted.try_recv().is_ok());
    drop(permit);
    assert!(flood[1].granted.try_recv().is_ok(), "what nobody else waits for");
    drop(flood);
    assert_eq!(queue.state().in_use, 0);
}

#[test]
fn a_request_that_would_wait_too_long_is_rejected_at_once_and_one_that_left_is_not_counted() {
    let queue = PermitQueue::new("test", 1, 0, INITIAL_MEAN * 3);
    let permit = granted(&queue, request_from("192.0.2.1"));
    let places: Vec<_> = (0..3)
        .map(|_| queued(&queue, request_from("192.0.2.1")))
        .collect();
    assert_eq!(
        queue.acquire_or_enqueue(request_from("192.0.2.1")).err(),
        Some(PermitDenied::Busy { seconds: 1 })
    );
    let beside = queued(&queue, request_from("192.0.2.2"));
    drop((places, beside));
    assert_eq!(queue.state().others.rotation.len(), 0);
    let last = queued(&queue, request_from("192.0.2.1"));
    drop(last);
    drop(permit);
    assert_eq!(queue.state().in_use, 0);
}

#[test]
fn a_client_that_disconnected_releases_its_permit() {
    let queue = PermitQueue::new("test", 1, 0, NO_LIMIT);
    let runtime = actix_web::rt::System::new();
    runtime.block_on(async {
        let permit = queue.acquire(request_from("192.0.2.1"), ready(())).await.unwrap();
        assert_eq!(
            queue.acquire(request_from("192.0.2.1"), ready(())).await.err(),
            Some(PermitDenied::ClientDisconnected)
        );
        let mut dropped = Box::pin(queue.acquire(request_from("192.0.2.1"), pending()));
        let polled = dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Pending));
        drop(permit);
        // It was granted a permit, and is dropped without having used it.
        drop(dropped);
        assert_eq!(queue.state().in_use, 0);
    });
}

#[test]
fn a_wait_that_was_estimated_too_short_still_times_out() {
    let queue = PermitQueue::new("test", 1, 0, INITIAL_MEAN);
    let runtime = actix_web::rt::System::new();
    runtime.block_on(async {
        let _permit = queue.acquire(request_from("192.0.2.1"), pending()).await.unwrap();
        let late = queue.acquire(request_from("192.0.2.1"), pending()).await;
        assert_eq!(late.err(), Some(PermitDenied::Busy { seconds: 1 }));
        assert_eq!(queue.state().others.rotation.len(), 0);
    });
}
