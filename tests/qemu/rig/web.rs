//! A web server for boot files: the guest finds it at its gateway.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;

/// The host as QEMU's user network shows it to the guest.
const HOST: &str = "10.0.2.2";

/// Serves a folder for as long as the tests run, and gives the URL of `file` in it.
pub(crate) fn serve(folder: &Path, file: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let folder = folder.to_owned();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            // A guest that hangs up in the middle is its own affair.
            thread::spawn(move || drop(answer(stream, &folder)));
        }
    });
    format!("http://{HOST}:{port}/{file}")
}

/// One request (RFC 9112): GET or HEAD.
fn answer(mut stream: TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines.by_ref() {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = PathBuf::from(path.trim_start_matches('/'));
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    match fs::read(folder.join(&path)).ok().filter(|_| is_inside) {
        Some(content) => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len())?;
            if method == "GET" { stream.write_all(&content) } else { Ok(()) }
        }
        None => write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    }
}
