namespace Fabric.Daemon;

/// <summary>The daemon's log file: one line per event with its time. Started anew when it has grown past a megabyte. Any thread.</summary>
internal sealed class DaemonLog : IDisposable
{
    private const long LargestKept = 1 << 20;
    private readonly Lock _lock = new();
    private readonly FileStream _file;
    private readonly TimeProvider _time;

    public DaemonLog(string path, TimeProvider time)
    {
        _time = time;
        bool isLarge = File.Exists(path) && new FileInfo(path).Length > LargestKept;
        if (isLarge)
            File.Move(path, path + ".old", overwrite: true);
        _file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
    }

    public Microsoft.Win32.SafeHandles.SafeFileHandle Handle => _file.SafeFileHandle;

    public void Write(string line)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes($"{_time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {line}\n");
        lock (_lock)
            _file.Write(bytes);
    }

    public void Dispose() => _file.Dispose();
}
