namespace Fabric.Benchmarks.Routing;

/// <summary>Where the packets of <see cref="RouterBenchmark"/> go.</summary>
public enum RouterTargets
{
    /// <summary>Networks behind one gateway.</summary>
    Gateway,

    /// <summary>Networks behind one of sixteen gateways each.</summary>
    Gateways16,

    /// <summary>Sixteen hosts on the leaving link.</summary>
    Hosts16,

    /// <summary>256 hosts on the leaving link.</summary>
    Hosts256,

    /// <summary>2,048 hosts on the leaving link.</summary>
    Hosts2048,

    /// <summary>Networks behind two gateways of equal cost.</summary>
    Equal2,

    /// <summary>Networks behind four gateways of equal cost.</summary>
    Equal4,

    /// <summary>Networks behind one gateway, by an interface whose access list permits all.</summary>
    Listed,
}
