//! Everything has an end: lengths, memory, requests in flight, connections, patience.

mod common;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use common::*;
use net::Limits;
use tokio::time::Instant;

#[tokio::test]
async fn a_length_that_is_not_allowed_closes() {
    let setup = serve(Limits { socket_request_max_bytes: 1_000, ..Limits::default() });
    for len in [-1, i32::MIN, 1_001, i32::MAX] {
        let mut client = setup.client().await;
        client.raw(&len.to_be_bytes()).await;
        assert_eq!(client.reply().await, None, "{len}");
    }
    assert!(setup.client().await.echo(&[7; 999]).await);
}

#[tokio::test]
async fn a_length_that_is_only_announced_costs_nothing() {
    let setup = serve(Limits::default());
    let mut hostile = Vec::new();
    for _ in 0..100 {
        let mut client = setup.client().await;
        assert!(client.echo(b"seems honest").await);
        client.raw(&[&(100i32 << 20).to_be_bytes()[..], b"a few bytes"].concat()).await;
        hostile.push(client);
    }
    // The last connection's bytes have been seen when its buffer has been charged.
    setup.until(|stats| stats.request_bytes >= 100 * (128 << 10)).await;
    assert_eq!(setup.server.stats().request_bytes, 100 * (128 << 10));
    assert!(setup.client().await.echo(&vec![7; 3 << 20]).await);
}

// Not in paused time, which runs ahead while the kernel moves bytes.
#[tokio::test]
async fn slow_half_sent_frames_do_not_starve_the_others() {
    let setup = serve(Limits { queued_max_request_bytes: 16 << 20, frame_grace_ms: 100, ..Limits::default() });
    let mut hostile = Vec::new();
    for i in 0..200u32 {
        let mut client = setup.client().await;
        // Some small, most large.
        let (len, part) = if i % 4 == 0 { (60_000, 50_000) } else { (1 << 20, 100_000) };
        client.raw(&[&u32::to_be_bytes(len)[..], &vec![7; part]].concat()).await;
        hostile.push(client);
    }
    setup.until(|stats| stats.connections == 200 && stats.request_bytes > 11 << 20).await;
    assert!(setup.server.stats().request_bytes < 18 << 20, "{:?}", setup.server.stats());
    let mut honest = setup.client().await;
    assert!(honest.echo(b"small").await && honest.echo(&[7; 50_000]).await);
    assert_eq!(setup.server.stats().connections, 201, "small frames need not wait until somebody is cut");
    for _ in 0..2 {
        assert!(honest.echo(&vec![7; 8 << 20]).await);
    }
    assert!(setup.server.stats().connections < 100, "those who hold memory and send nothing are cut");
}

#[tokio::test]
async fn requests_in_flight_are_bounded() {
    let setup = serve(Limits { requests_in_flight: 5, ..Limits::default() });
    let mut client = setup.client().await;
    for i in 0..8 {
        client.send(LATER, &[i]).await;
    }
    setup.service.handled(5).await;
    // Another connection's exchange gives this one every chance to be read.
    assert!(setup.client().await.echo(b"others").await);
    assert_eq!(*setup.service.handled.borrow(), 5 + 1);
    for i in 0..8 {
        setup.service.release(i).await;
        assert_eq!(client.reply().await.unwrap(), [LATER, i][..]);
    }
}

#[tokio::test]
async fn memory_of_requests_in_handling_holds_up_large_ones_only() {
    let setup = serve(Limits { queued_max_request_bytes: 4 << 20, ..Limits::default() });
    let mut client = setup.client().await;
    client.send(HOLD, &vec![7; 3 << 20]).await;
    assert_eq!(client.reply().await.unwrap(), "");
    assert_eq!(setup.server.stats().request_bytes, 4 << 20, "it has overdrawn");
    let mut other = setup.client().await;
    other.raw(&request(ECHO, &vec![7; 100_000])).await;
    assert!(setup.client().await.echo(&[7; 60_000]).await);
    assert_eq!(*setup.service.handled.borrow(), 2, "the other large one waits");
    setup.service.held.lock().clear();
    assert_eq!(other.reply().await.unwrap().len(), 100_001);
    setup.until(|stats| stats.request_bytes == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_and_its_memory_freed() {
    for (limits, patience) in [
        (Limits::default(), 600),
        (Limits { reply_bytes: 512 << 10, ..Limits::default() }, 5),
        (Limits { connections_max_idle_ms: 20_000, ..Limits::default() }, 20),
    ] {
        let setup = serve(limits);
        let mut client = setup.client().await;
        for _ in 0..100 {
            client.send(KIB, &[255]).await;
        }
        let start = Instant::now();
        setup.until(|stats| stats.reply_bytes > 600 << 10).await;
        // Far more was asked for than may lie here.
        assert!(setup.server.stats().reply_bytes < 2 << 20);
        let most = Duration::from_secs(patience + 2);
        tokio::time::timeout(most, async {
            while setup.server.stats().connections > 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .await
        .unwrap();
        assert!(start.elapsed() >= Duration::from_secs(patience), "{patience}: {:?}", start.elapsed());
        assert_eq!(setup.server.stats(), net::Stats::default());
    }
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_cut_and_waiting_ones_are_not() {
    let setup = serve(Limits::default());
    let mut silent = setup.client().await;
    let mut half = setup.client().await;
    half.raw(&[0, 0]).await;
    let mut waiting = setup.client().await;
    waiting.send(LATER, &[1]).await;
    setup.service.handled(1).await;
    let start = Instant::now();
    assert_eq!((silent.drain().await, half.drain().await), (0, 0));
    let took = start.elapsed().as_millis();
    assert!((599_000..700_000).contains(&took), "{took}");
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    setup.service.release(1).await;
    assert_eq!(waiting.reply().await.unwrap(), [LATER, 1][..]);
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let limits = Limits { max_connections_per_ip: 2, ..Limits::default() };
    let setup = serve(limits.clone());
    let (mut one, mut two) = (setup.client().await, setup.client().await);
    assert!(one.echo(b"1").await && two.echo(b"2").await);
    assert_eq!(setup.client().await.drain().await, 0);
    drop(one);
    setup.until(|stats| stats.connections == 1).await;
    assert!(setup.client().await.echo(b"3").await);

    let overrides = [(IpAddr::from(Ipv4Addr::LOCALHOST), 5)].into();
    setup.limits.store(Limits { max_connections_per_ip_overrides: overrides, ..limits }.into());
    let (mut three, mut four) = (setup.client().await, setup.client().await);
    assert!(three.echo(b"3").await && four.echo(b"4").await, "limits change while it runs");
    assert!(two.echo(b"2").await);
}

#[tokio::test(start_paused = true)]
async fn all_have_so_many_and_the_brokers_go_first() {
    let limits = Limits { max_connections: 2, connections_max_idle_ms: -1, ..Limits::default() };
    let setup = serve_on(limits, &[("CLIENT", false), ("BROKER", true)]);
    let (mut quiet, mut busy) = (setup.client().await, setup.client().await);
    assert!(quiet.echo(b"1").await);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(busy.echo(b"2").await);
    let mut third = setup.client().await;
    third.send(ECHO, b"3").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(busy.echo(b"2").await && quiet.echo(b"1").await);
    assert_eq!(*setup.service.connected.borrow(), 2, "the third is not accepted yet");

    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(busy.echo(b"2").await);
    let mut broker = setup.client_of(1).await;
    assert!(broker.echo(b"broker").await);
    assert_eq!(quiet.drain().await, 0, "it made room");
    assert!(busy.echo(b"2").await);
    drop(busy);
    assert_eq!(third.reply().await.unwrap(), "e3");
    assert!(broker.echo(b"broker").await);
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_replies_leave_within_its_time() {
    for answered in [true, false] {
        let setup = serve(Limits { connections_max_idle_ms: -1, ..Limits::default() });
        let mut idle = setup.client().await;
        assert!(idle.echo(b"").await);
        let mut client = setup.client().await;
        client.send(LATER, &[1]).await;
        setup.service.handled(2).await;
        let service = std::sync::Arc::clone(&setup.service);
        let grace = Duration::from_secs(3_600);
        let start = Instant::now();
        let stopping = tokio::spawn(setup.server.stop(grace));
        assert_eq!(idle.drain().await, 0, "idle ones end at once");
        if answered {
            service.release(1).await;
            assert_eq!(client.reply().await.unwrap(), [LATER, 1][..]);
        }
        assert_eq!(stopping.await.unwrap(), u32::from(!answered));
        assert_eq!(start.elapsed() >= grace, !answered);
        assert_eq!(client.drain().await, 0);
        assert!(tokio::net::TcpStream::connect(setup.addresses[0]).await.is_err(), "nobody listens any more");
    }
}
