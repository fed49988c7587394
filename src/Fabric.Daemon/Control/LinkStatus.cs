namespace Fabric.Daemon.Control;

/// <summary>What a link joins, as it stands after the link was cut or mended.</summary>
/// <param name="Switches">The switches among the two ends.</param>
/// <param name="Routers">The routers among them.</param>
public sealed record LinkStatus(IReadOnlyList<SwitchStatus> Switches, IReadOnlyList<RouterStatus> Routers);
