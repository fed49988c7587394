using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <summary>What a machine boots from, once its image is there.</summary>
/// <param name="Kernel">Absolute path, or null.</param>
/// <param name="Initrd">Absolute path, or null.</param>
/// <param name="Firmware">Absolute path, or null for the built-in SBI.</param>
/// <param name="Cmdline">Kernel command line.</param>
/// <param name="HasAgent">True when the guest's agent is expected to answer.</param>
internal sealed record BootSource(string? Kernel, string? Initrd, string? Firmware, string Cmdline, bool HasAgent)
{
    /// <summary>Puts together what the machine names itself and what its image brings.</summary>
    /// <exception cref="DaemonException">The image was made before its guests could take their addresses from others.</exception>
    public static BootSource Of(TopologyModel model, VmModel vm, GuestFiles? image)
    {
        bool isCatalogue = image is { HasAgent: true } && vm.Kernel is null && vm.Initrd is null && vm.Firmware is null;
        string cmdline = vm.Cmdline ?? image?.Cmdline ?? "";
        if (isCatalogue && !image!.HasDhcpClient && vm.Nics.Any(nic => nic.IsDynamic))
            throw new DaemonException($"{vm.Name}: its root disk was made over an older image, without a DHCP client; give its NIC an 'address:', or start with fresh disks: fabric down -t {model.Name} --delete-disks");
        if (isCatalogue)
            cmdline = $"{cmdline} {GuestArguments(model, vm)}".Trim();
        return new BootSource(vm.Kernel ?? image?.Kernel, vm.Initrd ?? image?.Initrd, vm.Firmware, cmdline, isCatalogue);
    }

    /// <summary>Tells a guest its name, its NICs' addresses, and its neighbours' names: what the catalogue images' init configures.</summary>
    internal static string GuestArguments(TopologyModel model, VmModel vm)
    {
        List<string> words = [$"fabric.hostname={vm.Name}"];
        foreach (NicModel nic in vm.Nics)
        {
            string?[] addresses = [nic.Autoconfigure ? "auto" : null, nic.UseDhcp ? "dhcp" : null, nic.Address is null ? null : $"{nic.Address}/{nic.PrefixLength}", nic.Address6 is { } six ? $"{six.Address}/{six.PrefixLength}" : null];
            int mtu = model.MtuAt(nic.To);
            words.AddRange(addresses.OfType<string>().Select(own => $"fabric.nic={MacText.Of(nic.Mac)},{own}" + (mtu == MacText.UsualMtu ? "" : $",{mtu}")));
        }
        foreach (NicModel nic in vm.Nics)
        {
            if (nic.Gateway is not null)
                words.Add($"fabric.route=default,{nic.Gateway}");
            if (nic.GatewayV6 is not null)
                words.Add($"fabric.route=::/0,{nic.GatewayV6}");
        }
        foreach (VmModel peer in model.Whole.Vms.Values.Where(p => p != vm))
        {
            if (peer.Nics.Select(n => n.Address ?? n.Lease).FirstOrDefault(a => a is not null) is { } address)
                words.Add($"fabric.host={peer.Name},{address}");
        }
        return string.Join(' ', words);
    }
}
