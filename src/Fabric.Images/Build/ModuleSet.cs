using System.Text;

namespace Fabric.Images.Build;

/// <summary>Modules by name, with the order in which they can be loaded.</summary>
internal sealed class ModuleSet
{
    private readonly Dictionary<string, KernelModule> _modules = [];

    public ModuleSet(IEnumerable<KernelModule> modules)
    {
        foreach (KernelModule module in modules)
            _modules[module.Name] = module;
    }

    /// <summary>Names of all modules.</summary>
    public IEnumerable<string> Names => _modules.Keys.Order(StringComparer.Ordinal);

    /// <summary>All of the named modules and what they depend on, each after its own; a name that is not here is built into the kernel.</summary>
    public IReadOnlyList<KernelModule> InOrder(IEnumerable<string> names)
    {
        List<KernelModule> order = [];
        HashSet<string> seen = [];
        foreach (string name in names)
            Visit(KernelModule.NameOf(name));
        return order;

        void Visit(string name)
        {
            if (!seen.Add(name) || !_modules.TryGetValue(name, out KernelModule? module))
                return;
            foreach (string other in module.Depends)
                Visit(other);
            order.Add(module);
        }
    }

    /// <summary>Adds modules under a version's directory, with the tables that modprobe reads.</summary>
    public void AddTo(FileTree tree, string directory, IEnumerable<string> names)
    {
        StringBuilder dependencies = new();
        StringBuilder aliases = new();
        foreach (KernelModule module in InOrder(names).OrderBy(m => m.Path, StringComparer.Ordinal))
        {
            tree.AddFile($"{directory}/{module.Path}", module.Content);
            IEnumerable<string> needs = InOrder([module.Name]).Reverse().Skip(1).Select(m => m.Path);
            dependencies.Append(module.Path).Append(':').AppendJoin("", needs.Select(n => " " + n)).Append('\n');
            foreach (string alias in module.Aliases)
                aliases.Append($"alias {alias} {module.Name}\n");
        }

        tree.AddFile($"{directory}/modules.dep", Encoding.UTF8.GetBytes(dependencies.ToString()));
        tree.AddFile($"{directory}/modules.alias", Encoding.UTF8.GetBytes(aliases.ToString()));
    }
}
