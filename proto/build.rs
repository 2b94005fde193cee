//! Compiles `teahouse/**/*.proto` without protoc: messages by prost, then handler traits and a typed client by
//! `build/handlers.rs`.

#[path = "build/handlers.rs"]
mod handlers;

use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=teahouse");
    println!("cargo:rerun-if-changed=build");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut files = Vec::new();
    collect(Path::new("teahouse"), &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let set = compiler.file_descriptor_set();
    // prost drops custom options, so what goes out for reflection is what protox encoded.
    std::fs::write(out.join("descriptors.binpb"), compiler.encode_file_descriptor_set())?;

    std::fs::write(out.join("handlers.rs"), handlers::generate(&set))?;
    prost_build::Config::new().bytes(["."]).include_file("messages.rs").out_dir(&out).compile_fds(set)?;
    Ok(())
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
