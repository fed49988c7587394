namespace Fabric.Topology;

/// <summary>A secret that two neighbours share.</summary>
/// <param name="Id">By which the packets name it, 0 … 255; nothing in a plain password.</param>
/// <param name="Type">plain, md5, hmac-sha-1, hmac-sha-256, hmac-sha-384 or hmac-sha-512.</param>
/// <param name="Secret">The secret.</param>
public sealed record RipKeyModel(int Id, string Type, string Secret)
{
    /// <summary>Used from then on, or null for ever since.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Used until then, or null for ever.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Where it is taken of neighbours from another time on than <see cref="From"/>.</summary>
    public DateTimeOffset? AcceptFrom { get; init; }

    /// <summary>Where it is taken of neighbours until another time than <see cref="Until"/>.</summary>
    public DateTimeOffset? AcceptUntil { get; init; }
}
