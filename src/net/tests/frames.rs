//! Frames in, replies out, in order.

mod common;

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use common::*;
use host::fs::File;
use net::{Chunk, Limits};

#[tokio::test]
async fn frames_come_as_they_like() {
    let setup = serve(Limits::default());
    let mut client = setup.client().await;
    for byte in request(ECHO, b"byte by byte") {
        client.raw(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.reply().await.unwrap(), "ebyte by byte");

    let many: Vec<u8> = (0..500u32).flat_map(|i| request(ECHO, &vec![i as u8; i as usize * 3])).collect();
    client.raw(&many).await;
    for i in 0..500u32 {
        let got = client.reply().await.unwrap();
        assert!(got.len() == 1 + i as usize * 3 && got[1..].iter().all(|b| *b == i as u8));
    }
    client.raw(&[0, 0, 0, 0]).await;
    assert_eq!(client.reply().await.unwrap(), "", "an empty frame is the service's to judge");
}

#[tokio::test]
async fn sizes_around_every_edge_arrive_whole() {
    let setup = serve(Limits::default());
    let mut client = setup.client().await;
    let edges = [4 << 10, 16 << 10, 64 << 10, 128 << 10, 1 << 20, 4 << 20, 9 << 20];
    for size in edges.into_iter().flat_map(|edge| [edge - 6, edge - 5, edge - 1, edge, edge + 1]) {
        let content: Vec<u8> = (0..size).map(|i| (i ^ i >> 8 ^ i >> 16) as u8).collect();
        let whole = [request(ECHO, &content), request(ECHO, b"and a small one")].concat();
        let (mut read, mut write) = client.0.split();
        let reading = async {
            let mut got = vec![0; whole.len()];
            tokio::io::AsyncReadExt::read_exact(&mut read, &mut got).await.unwrap();
            got
        };
        let (got, sent) = tokio::join!(reading, tokio::io::AsyncWriteExt::write_all(&mut write, &whole));
        sent.unwrap();
        assert!(got == whole, "{size}");
    }
    setup.until(|stats| stats.request_bytes == 0 && stats.reply_bytes == 0).await;
}

#[tokio::test]
async fn replies_keep_the_order_of_requests() {
    let setup = serve(Limits::default());
    let mut client = setup.client().await;
    client.send(LATER, &[1]).await;
    client.send(NOTHING, b"").await;
    client.send(LATER, &[2]).await;
    client.send(ECHO, b"last").await;
    setup.service.handled(4).await;
    setup.service.release(2).await;
    setup.service.release(1).await;
    for expected in [&[LATER, 1][..], &[LATER, 2], b"elast"] {
        assert_eq!(client.reply().await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_close_waits_for_earlier_replies_and_takes_no_later_request() {
    let setup = serve(Limits::default());
    let mut client = setup.client().await;
    client.send(LATER, &[1]).await;
    client.raw(&[request(CLOSE, b""), request(ECHO, b"too late")].concat()).await;
    setup.service.handled(2).await;
    setup.service.release(1).await;
    assert_eq!(client.reply().await.unwrap(), [LATER, 1][..]);
    assert_eq!(client.reply().await, None);
    setup.until(|stats| stats.connections == 0).await;
    assert_eq!(*setup.service.handled.borrow(), 2);
}

#[test]
fn a_client_that_always_has_more_gets_its_reply() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let limits = Limits { requests_in_flight: usize::MAX, request_bytes_in_flight: u64::MAX, ..Limits::default() };
    // So much that reads are full ones; the runtime takes one that is not for the end of what is there.
    let options = host::net::SocketOptions { receive_buffer_bytes: 1 << 20, ..Default::default() };
    let setup = runtime.block_on(async { serve_with(limits, &[("PLAINTEXT", false)], options) });
    let mut client = std::net::TcpStream::connect(setup.addresses[0]).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut sending = client.try_clone().unwrap();
    // More reads in a row than the runtime lets one task make, whichever of them is the last of its turn.
    let sender = std::thread::spawn(move || {
        let frame = request(WORK, &[7; 70_000]);
        (0..300).try_for_each(|_| sending.write_all(&frame))?;
        sending.write_all(&request(ECHO, b"last"))
    });
    let mut reply = [0; 9];
    let read = client.read_exact(&mut reply);
    // A thread that never comes back must not be waited for.
    runtime.shutdown_background();
    read.unwrap();
    assert_eq!(reply, *b"\0\0\0\x05elast");
    sender.join().unwrap().unwrap();
}

#[tokio::test]
async fn a_panic_costs_one_connection() {
    let setup = serve(Limits::default());
    for kind in [PANIC, PANIC_LATER] {
        let mut client = setup.client().await;
        client.send(kind, b"").await;
        assert_eq!(client.reply().await, None);
    }
    assert!(setup.client().await.echo(b"others go on").await);
    setup.until(|stats| stats.connections <= 1).await;
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_waiting_requests_along() {
    let setup = serve(Limits::default());
    let mut client = setup.client().await;
    client.send(LATER, &[1]).await;
    setup.service.handled(1).await;
    drop(client);
    setup.until(|stats| stats.connections == 0).await;
}

#[tokio::test]
async fn parts_of_files_arrive_among_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..2_000_000u32).map(|i| (i ^ i >> 9) as u8).collect();
    let file = Arc::new(File::open_append_rw(dir.path().join("log")).unwrap());
    file.write_all_at(&content, 0).unwrap();
    let part = |position: u64, len: u32| Chunk::File { file: Arc::clone(&file), position, len };
    let bytes = |text: &'static [u8]| Chunk::Bytes(text.into());
    let setup = serve(Limits::default());
    let mut chunks = vec![bytes(b"head"), part(3, 1_500_000), bytes(b""), bytes(b"mid"), part(7, 100), part(0, 0)];
    chunks.extend((0..200).flat_map(|i| [part(i * 1_000, 20), bytes(b"-")]));
    chunks.push(part(1_000_000, 1_000_000));
    let mut expected = [b"head", &content[3..1_500_003], b"mid", &content[7..107]].concat();
    (0..200).for_each(|i| expected.extend([&content[i * 1_000..i * 1_000 + 20], b"-"].concat()));
    expected.extend(&content[1_000_000..]);
    *setup.service.file.lock() = chunks;
    let mut client = setup.client().await;
    for _ in 0..3 {
        client.send(FILE, b"").await;
    }
    for _ in 0..3 {
        assert!(client.reply().await.unwrap() == expected);
    }

    for too_long in [part(1_999_999, 2), part(1_900_000, 200_000)] {
        *setup.service.file.lock() = vec![too_long];
        let mut client = setup.client().await;
        client.send(FILE, b"").await;
        assert_eq!(client.reply().await, None, "a file that was cut ends the connection");
    }
}
