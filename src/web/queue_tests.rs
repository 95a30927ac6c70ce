use std::{
    future::{pending, ready},
    task::{Context, Poll, Waker},
};

use super::*;

const LONG: Duration = Duration::from_hours(1);

fn from(address: &str) -> Asking {
    Asking {
        address: address.parse().unwrap(),
        is_known: false,
    }
}

fn at_once(queue: &Queue, asking: Asking) -> Permit {
    match queue.enter(asking).unwrap() {
        Entered::AtOnce(permit) => permit,
        Entered::Later(_) => panic!("it has to wait"),
    }
}

fn later(queue: &Queue, asking: Asking) -> Place {
    match queue.enter(asking).unwrap() {
        Entered::Later(place) => place,
        Entered::AtOnce(_) => panic!("it need not wait"),
    }
}

#[test]
fn each_address_has_its_turn() {
    let queue = Queue::new("test", 1, 0, LONG);
    let mut permit = at_once(&queue, from("192.0.2.1"));
    let crowd = [
        "192.0.2.1",
        "192.0.2.1",
        "192.0.2.1",
        "2001:db8:1:1::1",
        "2001:db8:1:2::1",
    ];
    let mut places: Vec<_> = crowd
        .iter()
        .map(|address| {
            later(
                &queue,
                Asking {
                    address: neighbourhood(from(address).address),
                    is_known: false,
                },
            )
        })
        .collect();
    places.push(later(&queue, from("198.51.100.7")));
    let mut order = Vec::new();
    while order.len() < places.len() {
        drop(permit);
        let (n, next) = places
            .iter_mut()
            .enumerate()
            .find_map(|(n, place)| place.called.try_recv().ok().map(|permit| (n, permit)))
            .unwrap();
        order.push(n);
        permit = next;
    }
    assert_eq!(order, [0, 3, 5, 1, 4, 2]);
}

#[test]
fn a_place_is_kept_for_those_whom_one_knows_and_they_come_first() {
    let queue = Queue::new("test", 2, 1, LONG);
    let known = Asking {
        is_known: true,
        ..from("192.0.2.9")
    };
    let first = at_once(&queue, from("192.0.2.1"));
    let mut stranger = later(&queue, from("192.0.2.2"));
    let second = at_once(&queue, known);
    let mut waits = later(&queue, known);
    drop(second);
    assert!(stranger.called.try_recv().is_err(), "it is not theirs");
    let second = waits.called.try_recv().unwrap();
    drop(first);
    let third = stranger.called.try_recv().unwrap();
    drop((second, third));
    assert_eq!(queue.state().taken, 0);
}

#[test]
fn one_account_that_floods_holds_up_no_stranger() {
    let queue = Queue::new("test", 2, 1, FIRST_GUESS * 8);
    let known = Asking {
        is_known: true,
        ..from("192.0.2.9")
    };
    let mut permits = vec![at_once(&queue, known), at_once(&queue, known)];
    let mut flood: Vec<_> = (0..9).map(|_| later(&queue, known)).collect();
    let mut stranger = later(&queue, from("198.51.100.7"));
    permits.pop();
    // Of two places one is given back: the flood has the kept one still, so that this one is the stranger's.
    let theirs = stranger.called.try_recv().unwrap();
    permits.pop();
    assert!(flood[0].called.try_recv().is_ok());
    drop(theirs);
    assert!(flood[1].called.try_recv().is_ok(), "what nobody else waits for");
    drop(flood);
    assert_eq!(queue.state().taken, 0);
}

#[test]
fn whoever_would_wait_too_long_is_turned_away_at_once_and_whoever_left_is_not_counted() {
    let queue = Queue::new("test", 1, 0, FIRST_GUESS * 3);
    let permit = at_once(&queue, from("192.0.2.1"));
    let places: Vec<_> = (0..3).map(|_| later(&queue, from("192.0.2.1"))).collect();
    assert_eq!(
        queue.enter(from("192.0.2.1")).err(),
        Some(NoTurn::Busy { seconds: 1 })
    );
    let beside = later(&queue, from("192.0.2.2"));
    drop((places, beside));
    assert_eq!(queue.state().others.turns.len(), 0);
    let last = later(&queue, from("192.0.2.1"));
    drop(last);
    drop(permit);
    assert_eq!(queue.state().taken, 0);
}

#[test]
fn a_client_that_left_gives_its_place_up() {
    let queue = Queue::new("test", 1, 0, LONG);
    let runtime = actix_web::rt::System::new();
    runtime.block_on(async {
        let permit = queue.permit(from("192.0.2.1"), ready(())).await.unwrap();
        assert_eq!(
            queue.permit(from("192.0.2.1"), ready(())).await.err(),
            Some(NoTurn::Gone)
        );
        let mut dropped = Box::pin(queue.permit(from("192.0.2.1"), pending()));
        let polled = dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Pending));
        drop(permit);
        // Its turn came, and it left without taking it.
        drop(dropped);
        assert_eq!(queue.state().taken, 0);
    });
}

#[test]
fn a_wait_that_was_thought_shorter_has_its_end_all_the_same() {
    let queue = Queue::new("test", 1, 0, FIRST_GUESS);
    let runtime = actix_web::rt::System::new();
    runtime.block_on(async {
        let _permit = queue.permit(from("192.0.2.1"), pending()).await.unwrap();
        let late = queue.permit(from("192.0.2.1"), pending()).await;
        assert_eq!(late.err(), Some(NoTurn::Busy { seconds: 1 }));
        assert_eq!(queue.state().others.turns.len(), 0);
    });
}
