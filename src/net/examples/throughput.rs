//! Measures the read path over loopback: `cargo run --release -p net --example throughput`.

#![allow(clippy::print_stdout, reason = "it reports to people")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;

use bytes::Bytes;
use net::{Bound, Chunk, Frame, Limits, ListenerSpec, Outcome, PeerInfo, Reply, Service};

/// Answers every frame with 4 bytes.
struct Sink;

impl Service for Sink {
    type Connection = ();

    fn connected(&self, _: PeerInfo) {}

    async fn request(&self, (): &mut (), frame: Frame) -> Outcome {
        drop(frame);
        Outcome::Ready(Reply::Chunks(vec![Chunk::Bytes(Bytes::from_static(&[0, 0, 0, 4, 1, 2, 3, 4]))]))
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let spec = ListenerSpec { name: "PLAINTEXT".to_owned(), address, is_protected: false };
    let bound = Bound::bind(&[spec], host::net::SocketOptions::default(), Limits::default().shared())?;
    let address = bound.addresses().first().copied().unwrap_or(address);
    let _server = bound.serve(Arc::new(Sink));
    println!("{:>10} {:>9} {:>11} {:>10} {:>10}", "bytes", "in flight", "requests/s", "MB/s", "us CPU/req");
    for (size, in_flight, requests) in [
        (100, 1, 50_000),
        (100, 50, 1_000_000),
        (16_000, 1, 50_000),
        (16_000, 5, 200_000),
        (100_000, 5, 50_000),
        (1_000_000, 5, 8_000),
        (10_000_000, 2, 800),
    ] {
        let cpu = cpu_us();
        let start = host::clock::monotonic();
        let client = host::task::spawn_thread("client", move || drive(address, size, in_flight, requests))?;
        let client_us = host::task::blocking(move || client.join())
            .await
            .map_err(std::io::Error::other)?
            .map_err(|_| std::io::Error::other("the client panicked"))??;
        let took = start.elapsed_us().max(1) as f64;
        let rate = requests as f64 * 1e6 / took;
        let each = (cpu_us() - cpu - client_us) as f64 / requests as f64;
        println!("{size:>10} {in_flight:>9} {rate:>11.0} {:>10.0} {each:>10.2}", rate * size as f64 / 1e6);
    }
    Ok(())
}

/// Sends and receives on one connection; returns the CPU time of this thread in microseconds.
fn drive(address: SocketAddr, size: usize, in_flight: usize, requests: usize) -> std::io::Result<u64> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut frame = (size as u32).to_be_bytes().to_vec();
    frame.resize(4 + size, 7);
    let burst = if size < 1_000 { frame.repeat(in_flight) } else { frame.clone() };
    let per_burst = burst.len() / frame.len();
    let mut answers = vec![0; 8 * per_burst];
    let mut sent = 0;
    let mut answered = 0;
    while answered < requests {
        while sent < requests && sent - answered + per_burst <= in_flight {
            stream.write_all(&burst)?;
            sent += per_burst;
        }
        stream.read_exact(&mut answers)?;
        answered += per_burst;
    }
    Ok(thread_cpu_us())
}

fn cpu_us() -> u64 {
    let (user, system) = jiffies("/proc/self/stat");
    (user + system) * 10_000
}

fn thread_cpu_us() -> u64 {
    let (user, system) = jiffies("/proc/thread-self/stat");
    (user + system) * 10_000
}

/// Time in user and kernel mode, in hundredths of a second.
fn jiffies(path: &str) -> (u64, u64) {
    let text = host::fs::read_to_string(path).unwrap_or_default();
    let rest = text.rsplit(") ").next().unwrap_or_default();
    let mut fields = rest.split(' ').skip(11).map(|field| field.parse().unwrap_or(0));
    (fields.next().unwrap_or(0), fields.next().unwrap_or(0))
}
