namespace Fabric.Daemon.Control;

/// <summary>A capture as it comes from the daemon: a pcapng file without end, until it is stopped.</summary>
public sealed class CaptureStream : IDisposable
{
    private readonly HttpResponseMessage _response;

    internal CaptureStream(HttpResponseMessage response, string id, Stream content)
    {
        _response = response;
        Id = id;
        Content = content;
    }

    /// <summary>Name by which it is stopped.</summary>
    public string Id { get; }

    /// <summary>The file.</summary>
    public Stream Content { get; }

    /// <summary>Hangs up; the daemon stops looking.</summary>
    public void Dispose() => _response.Dispose();
}
