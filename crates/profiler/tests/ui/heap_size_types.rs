use lagom_profiler::HeapSize;

#[derive(HeapSize)]
struct NotMarked {
    name: String,
    file: std::net::UdpSocket,
}

#[derive(HeapSize)]
struct WrongFunction(#[heap_size(with = Vec::<u16>::capacity)] Vec<u8>);

#[derive(HeapSize)]
struct Generic<T>(Vec<T>);

fn main() {
    let _ = Generic(vec![std::sync::mpsc::channel::<u8>()]).heap_size();
}
