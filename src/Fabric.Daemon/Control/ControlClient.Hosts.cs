using System.Text.Json;

namespace Fabric.Daemon.Control;

public sealed partial class ControlClient
{
    /// <summary>Has a host ping.</summary>
    /// <param name="host">Name of the host.</param>
    /// <param name="request">Whom and how.</param>
    /// <param name="cancel">Gives up waiting; the echoes go on.</param>
    /// <exception cref="DaemonException">There is no such host, or nobody to ping.</exception>
    public Task<PingReport> PingAsync(string host, PingRequest request, CancellationToken cancel) => SendAsync(
        HttpMethod.Post,
        $"v1/hosts/{Uri.EscapeDataString(host)}/ping",
        ControlJson.Compact.PingReport,
        cancel,
        new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Compact.PingRequest)));
}
